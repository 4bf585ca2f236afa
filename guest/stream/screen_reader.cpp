#include "guest/stream/screen_reader.hpp"

#include <sys/mman.h>
#include <unistd.h>
#include <xcb/xfixes.h>

#include "runtime/process/unique_fd.hpp"

namespace aerie::stream {
namespace {

constexpr std::uint8_t core_event_mask = 0x7F;  // the top bit says "sent by a client"

Cause memory_failed() {
  return {CauseKind::not_ready,
          "The X server took no shared memory (MIT-SHM 1.2).",
          "Use a local X server reached by its Unix socket, and give the guest more memory.",
          {}};
}

/// True when the root window's images are 32 bits a pixel, BGRx.
bool has_usable_pixels(const XConnection& x) {
  const auto* setup = xcb_get_setup(x.get());
  if (setup->image_byte_order != XCB_IMAGE_ORDER_LSB_FIRST) return false;
  for (auto formats = xcb_setup_pixmap_formats_iterator(setup); formats.rem;
       xcb_format_next(&formats))
    if (formats.data->depth == x.screen().root_depth)
      return formats.data->bits_per_pixel == 32 && formats.data->depth >= 24;
  return false;
}

}  // namespace

Result<std::unique_ptr<SharedMemory>> SharedMemory::create(XConnection& x, std::size_t bytes) {
  UniqueFd file{::memfd_create("aerie-screen", MFD_CLOEXEC)};
  if (!file || ::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0)
    return tl::unexpected(memory_failed());
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (data == MAP_FAILED) return tl::unexpected(memory_failed());
  const auto segment = xcb_generate_id(x.get());
  std::unique_ptr<SharedMemory> memory{
      new SharedMemory(x, segment, static_cast<std::uint8_t*>(data), bytes)};
  // XCB closes the descriptor once it is sent.
  const auto cookie = xcb_shm_attach_fd_checked(x.get(), segment, file.release(), 0);
  const XcbPtr<xcb_generic_error_t> error{xcb_request_check(x.get(), cookie)};
  if (error || x.is_broken()) return tl::unexpected(memory_failed());
  return memory;
}

SharedMemory::~SharedMemory() {
  xcb_shm_detach(x_.get(), segment_);
  ::munmap(data_, bytes_);
}

Result<std::unique_ptr<ScreenReader>> ScreenReader::open(int frames_per_second) {
  auto x = XConnection::open();
  if (!x) return tl::unexpected(x.error());
  std::unique_ptr<ScreenReader> reader{new ScreenReader(std::move(*x))};
  reader->frames_per_second_ = frames_per_second;
  if (auto cause = reader->prepare()) return tl::unexpected(*cause);
  return reader;
}

ScreenReader::~ScreenReader() = default;

std::optional<Cause> ScreenReader::prepare() {
  const auto damage = x_.extension(xcb_damage_id, "DAMAGE");
  if (!damage) return damage.error();
  if (const auto shm = x_.extension(xcb_shm_id, "MIT-SHM"); !shm) return shm.error();
  if (const auto fixes = x_.extension(xcb_xfixes_id, "XFIXES"); !fixes) return fixes.error();
  if (!has_usable_pixels(x_))
    return Cause{CauseKind::not_ready,
                 "The X server's screen has no 32-bit little-endian pixels.",
                 "Start the display with a depth of 24.",
                 {}};
  damage_event_ = *damage;
  // Versions must be asked for before either extension is used; 1.2 of MIT-SHM passes descriptors.
  const XcbPtr<xcb_damage_query_version_reply_t> damage_version{
      xcb_damage_query_version_reply(x_.get(), xcb_damage_query_version(x_.get(), 1, 1), nullptr)};
  const XcbPtr<xcb_xfixes_query_version_reply_t> fixes_version{
      xcb_xfixes_query_version_reply(x_.get(), xcb_xfixes_query_version(x_.get(), 5, 0), nullptr)};
  const std::uint32_t structure = XCB_EVENT_MASK_STRUCTURE_NOTIFY;
  xcb_change_window_attributes(x_.get(), x_.root(), XCB_CW_EVENT_MASK, &structure);
  region_ = xcb_generate_id(x_.get());
  xcb_xfixes_create_region(x_.get(), region_, 0, nullptr);
  const XcbPtr<xcb_get_geometry_reply_t> geometry{
      xcb_get_geometry_reply(x_.get(), xcb_get_geometry(x_.get(), x_.root()), nullptr)};
  if (!geometry) return display_lost();
  return resize(geometry->width, geometry->height);
}

std::optional<Cause> ScreenReader::resize(int width, int height) {
  width_ = width;
  height_ = height;
  picture_ = std::make_unique<Picture>(width, height, frames_per_second_);
  memory_.reset();
  auto memory = SharedMemory::create(
      x_, static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 4);
  if (!memory) return memory.error();
  memory_ = std::move(*memory);
  everything_ = true;
  return std::nullopt;
}

void ScreenReader::watch(bool on) {
  if (on == (damage_ != XCB_NONE)) return;
  if (on) {
    damage_ = xcb_generate_id(x_.get());
    xcb_damage_create(x_.get(), damage_, x_.root(), XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
    everything_ = true;
  } else {
    xcb_damage_destroy(x_.get(), damage_);
    damage_ = XCB_NONE;
  }
  x_.flush();
}

std::optional<ScreenReader::News> ScreenReader::take_events() {
  News news;
  while (const XcbPtr<xcb_generic_event_t> event{xcb_poll_for_event(x_.get())}) {
    const auto type = event->response_type & core_event_mask;
    if (type == damage_event_ + XCB_DAMAGE_NOTIFY) news.damaged = damage_ != XCB_NONE;
    if (type != XCB_CONFIGURE_NOTIFY) continue;
    const auto& change = reinterpret_cast<const xcb_configure_notify_event_t&>(*event);
    if (change.window != x_.root() || (change.width == width_ && change.height == height_))
      continue;
    if (resize(change.width, change.height)) return std::nullopt;
    news.resized = true;
  }
  if (x_.is_broken()) return std::nullopt;
  return news;
}

std::vector<Rectangle> ScreenReader::take_damage() {
  xcb_damage_subtract(x_.get(), damage_, XCB_NONE, region_);
  const XcbPtr<xcb_xfixes_fetch_region_reply_t> region{
      xcb_xfixes_fetch_region_reply(x_.get(), xcb_xfixes_fetch_region(x_.get(), region_), nullptr)};
  if (!region) return {};
  const auto* rectangles = xcb_xfixes_fetch_region_rectangles(region.get());
  const auto count = xcb_xfixes_fetch_region_rectangles_length(region.get());
  std::vector<Rectangle> damaged;
  for (int i = 0; i < count; ++i)
    damaged.push_back(
        {rectangles[i].x, rectangles[i].y, rectangles[i].width, rectangles[i].height});
  return damaged;
}

bool ScreenReader::refresh() {
  auto damaged = take_damage();
  if (x_.is_broken()) return false;
  if (everything_) damaged = {Rectangle{0, 0, width_, height_}};
  return read(areas_to_read(damaged, width_, height_));
}

bool ScreenReader::read(const std::vector<Rectangle>& areas) {
  // All are asked for before the first answer is waited for; they lie in the memory side by side.
  std::vector<std::pair<std::size_t, xcb_shm_get_image_cookie_t>> asked;
  std::size_t offset = 0;
  for (const auto& area : areas) {
    asked.emplace_back(offset, ask(area, offset));
    offset += static_cast<std::size_t>(area.width) * static_cast<std::size_t>(area.height) * 4;
  }
  bool complete = true;
  for (std::size_t i = 0; i < areas.size(); ++i) {
    const XcbPtr<xcb_shm_get_image_reply_t> image{
        xcb_shm_get_image_reply(x_.get(), asked[i].second, nullptr)};
    // An error means that the screen shrank under us; its ConfigureNotify is on the way.
    if (image)
      picture_->update(memory_->data() + asked[i].first, areas[i]);
    else
      complete = false;
  }
  if (complete) everything_ = false;
  return !x_.is_broken();
}

xcb_shm_get_image_cookie_t ScreenReader::ask(const Rectangle& where, std::size_t offset) {
  constexpr std::uint32_t all_planes = ~0U;
  return xcb_shm_get_image(
      x_.get(), x_.root(), static_cast<std::int16_t>(where.x), static_cast<std::int16_t>(where.y),
      static_cast<std::uint16_t>(where.width), static_cast<std::uint16_t>(where.height), all_planes,
      XCB_IMAGE_FORMAT_Z_PIXMAP, memory_->segment(), static_cast<std::uint32_t>(offset));
}

}  // namespace aerie::stream
