#pragma once

#include <functional>
#include <string>

#include "messages/cause.hpp"

namespace aerie::test {

struct FakeAnswer {
  int status = 204;
  std::string body;
};

/// What Firecracker's API remembers and refuses, without a machine behind it: which requests are
/// for before the start and which for after it, what must be there, what may be there once. Its
/// words are Firecracker's (version 1.12), for whoever looks for a cause in them. Files are opened
/// as Firecracker opens them, so what is missing or no kernel is refused for that very reason.
class FakeMicrovm {
 public:
  enum class State { not_started, running, paused };

  FakeAnswer handle(const std::string& method, const std::string& path, const std::string& body);

  [[nodiscard]] State state() const { return state_; }
  /// Of the vsock that was put or restored; empty: none.
  [[nodiscard]] std::string vsock_path() const;
  /// Whether the last request was the machine's end: Firecracker exits after a failed load.
  [[nodiscard]] bool is_dead() const { return is_dead_; }
  [[nodiscard]] int ctrl_alt_dels() const { return ctrl_alt_dels_; }
  [[nodiscard]] const Json& configuration() const { return configuration_; }
  /// What a snapshot's memory is to have of its guest, and what one that was loaded had; null:
  /// nothing.
  void remember(Json guest) { memory_ = std::move(guest); }
  [[nodiscard]] const Json& memory() const { return memory_; }

  /// Whether the host's socket of the vsock could be listened at; asked at `PUT /vsock` and at a
  /// load. Empty: yes.
  std::function<std::string(const std::string& path)> listen_at = [](const std::string&) {
    return std::string{};
  };

 private:
  FakeAnswer dispatch(const std::string& method, const std::string& path, const std::string& body);
  FakeAnswer get(const std::string& path) const;
  FakeAnswer put(const std::string& path, const std::string& body);
  FakeAnswer patch(const std::string& path, const std::string& body);
  void configure(const std::string& path, const Json& body);
  void put_drive(const std::string& id, const Json& body);
  void put_interface(const std::string& id, const Json& body);
  void put_vsock(const Json& body);
  void put_metadata_service(const Json& body);
  void act(const Json& body);
  void start();
  void change_state(const Json& body);
  void patch_drive(const std::string& id, const Json& body) const;
  void patch_interface(const std::string& id) const;
  void create_snapshot(const Json& body) const;
  void load_snapshot(const Json& body);
  [[nodiscard]] bool is_started() const { return state_ != State::not_started; }
  void demand_started() const;
  void demand_not_started() const;

  State state_ = State::not_started;
  bool is_on_boot_path_ = false;  ///< something was put that a snapshot brings itself
  bool is_dead_ = false;
  int ctrl_alt_dels_ = 0;
  Json configuration_ = Json::object();  ///< by path, `/vsock`
  Json metadata_;
  Json memory_;
};

}  // namespace aerie::test
