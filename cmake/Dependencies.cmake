find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Catch2 2 REQUIRED)
find_package(rapidcheck REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
pkg_check_modules(LIBWEBSOCKETS REQUIRED IMPORTED_TARGET libwebsockets)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
# By name: a program that is linked statically takes the archive then.
set_target_properties(PkgConfig::SODIUM PROPERTIES INTERFACE_LINK_LIBRARIES sodium)
pkg_check_modules(LIBELF REQUIRED IMPORTED_TARGET libelf)
pkg_check_modules(NETLINK REQUIRED IMPORTED_TARGET libnl-3.0 libnl-route-3.0)
pkg_check_modules(COMPRESSION REQUIRED IMPORTED_TARGET zlib liblzma libzstd liblz4 lzo2)
find_package(BZip2 REQUIRED)
pkg_check_modules(GSTREAMER REQUIRED IMPORTED_TARGET
  gstreamer-1.0 gstreamer-app-1.0 gstreamer-video-1.0 gstreamer-webrtc-1.0 gstreamer-sdp-1.0 gstreamer-rtp-1.0)
pkg_check_modules(XCB REQUIRED IMPORTED_TARGET
  xcb xcb-damage xcb-shm xcb-xtest xcb-randr xcb-xfixes xcb-keysyms)
pkg_check_modules(RANDR REQUIRED IMPORTED_TARGET xcb xcb-randr)
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(EDIT REQUIRED IMPORTED_TARGET libedit)
pkg_check_modules(NCURSES REQUIRED ncursesw)  # its definitions would void the precompiled header
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(PULSE REQUIRED libpulse libpulse-simple)  # its definitions would void the precompiled header
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-cpp)
find_path(VALIJSON_INCLUDE_DIR valijson/validator.hpp REQUIRED)

# Debian packages CAF 0.17 without CMake or pkg-config files.
find_path(CAF_INCLUDE_DIR caf/config.hpp REQUIRED)
find_library(CAF_CORE_LIBRARY caf_core REQUIRED)
add_library(caf::core INTERFACE IMPORTED)
target_include_directories(caf::core INTERFACE ${CAF_INCLUDE_DIR})
target_link_libraries(caf::core INTERFACE ${CAF_CORE_LIBRARY} Threads::Threads)
