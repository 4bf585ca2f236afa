#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "guest/stream/control_messages.hpp"
#include "guest/stream/event_loop.hpp"
#include "guest/stream/files/file_channel.hpp"
#include "guest/stream/files/file_pace.hpp"
#include "guest/stream/files/file_transfers.hpp"
#include "guest/stream/files/folder_thread.hpp"

namespace aerie::stream {

/// All viewers' files: one folder, one `FileTransfers` a peer, and the pace of what is sent. While
/// nothing is sent it has no timer. Lives on the loop's thread.
class FileDesk {
 public:
  using NetworkOf = std::function<FilePace::Network(Epoch)>;

  /// `largest`: bytes a file may have; `home` has the folder.
  FileDesk(EventLoop& loop, std::string home, std::uint64_t largest, NetworkOf network_of);

  void add(Epoch epoch, const std::shared_ptr<FileChannel>& channel);
  void remove(Epoch epoch);
  void set_holder(std::optional<Epoch> epoch);

  /// For what else lies in the folder.
  [[nodiscard]] FolderThread& folder() { return folder_; }
  [[nodiscard]] Folder::Ticket new_ticket() { return ++last_ticket_; }

 private:
  struct Viewer {
    std::shared_ptr<FileChannel> channel;
    std::shared_ptr<FileTransfers> transfers;
    FilePace pace;
  };
  void send_on();

  EventLoop& loop_;
  std::uint64_t largest_;
  NetworkOf network_of_;
  std::vector<FileEntry> files_;
  FolderThread folder_;
  std::map<Epoch, Viewer> viewers_;  ///< gone before the folder
  std::optional<Epoch> holder_;
  Folder::Ticket last_ticket_ = 0;
  EventSource tick_;
};

}  // namespace aerie::stream
