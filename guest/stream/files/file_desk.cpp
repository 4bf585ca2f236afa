#include "guest/stream/files/file_desk.hpp"

#include <utility>

namespace aerie::stream {
namespace {

constexpr std::chrono::milliseconds tick{20};

FilePace::Time now() {
  return std::chrono::duration_cast<FilePace::Time>(
      std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

FileDesk::FileDesk(EventLoop& loop, std::string home, std::uint64_t largest, NetworkOf network_of)
    : loop_(loop),
      largest_(largest),
      network_of_(std::move(network_of)),
      folder_(loop, std::move(home), [this](std::vector<FileEntry> files) {
        if (files == files_) return;
        files_ = std::move(files);
        for (const auto& [epoch, viewer] : viewers_)
          viewer.transfers->set_files(files_);
      }) {}

void FileDesk::add(Epoch epoch, const std::shared_ptr<FileChannel>& channel) {
  const auto transfers = std::make_shared<FileTransfers>(
      folder_, largest_,
      FileTransfers::Outside{.say = [channel](const Json& message) { channel->say(message); },
                             .send = [channel](const std::string& chunk) { channel->send(chunk); },
                             .buffered = [channel] { return channel->buffered(); },
                             .sending =
                                 [this] {
                                   if (!tick_) send_on();
                                 },
                             .new_ticket = [this] { return new_ticket(); }});
  transfers->set_files(files_);
  transfers->set_in_control(holder_ == epoch);
  channel->listen({.opened = [transfers] { transfers->begin(); },
                   .text = [transfers](const std::string& text) { transfers->said(text); },
                   .bytes = [transfers](const std::string& bytes) { transfers->received(bytes); },
                   .flooded = [transfers] { transfers->flooded(); }});
  viewers_[epoch] = {channel, transfers, {}};
}

void FileDesk::remove(Epoch epoch) {
  const auto found = viewers_.find(epoch);
  if (found == viewers_.end()) return;
  found->second.channel->detach();  // it holds the transfers
  viewers_.erase(found);
}

void FileDesk::set_holder(std::optional<Epoch> epoch) {
  holder_ = epoch;
  for (const auto& [each, viewer] : viewers_)
    viewer.transfers->set_in_control(holder_ == each);
}

void FileDesk::send_on() {
  tick_.cancel();
  bool is_sending = false;
  for (auto& [epoch, viewer] : viewers_) {
    if (!viewer.transfers->is_sending()) continue;
    viewer.pace.spend(viewer.transfers->send_some(viewer.pace.budget(now(), network_of_(epoch))));
    is_sending = is_sending || viewer.transfers->is_sending();
  }
  if (is_sending) tick_ = loop_.after(tick, [this] { send_on(); });
}

}  // namespace aerie::stream
