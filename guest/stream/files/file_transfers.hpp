#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guest/stream/files/file_messages.hpp"
#include "guest/stream/files/folder.hpp"
#include "guest/stream/token_bucket.hpp"
#include "messages/cause.hpp"

namespace aerie::stream {

/// The files that one viewer sends to the guest and fetches from it: the protocol of the channel
/// `files`, a machine without threads or files of its own. Only for the viewer in control, one
/// upload and one download at a time. Every transfer ends with `done`, `sent` or `refused` and a
/// reason; one that its viewer leaves behind is undone.
///
/// To the viewer: `files {files: [{name, bytes, at}], largest}` · `accepted {id, name, bytes}` ·
/// `received {id, bytes}` · `done {id, name}` (an upload, under the name it got) · `sent {id}` ·
/// `refused {reason, id?}`. A viewer waits for `accepted`, and keeps no more than `window` bytes
/// beyond what was `received`.
class FileTransfers : public std::enable_shared_from_this<FileTransfers> {
 public:
  static constexpr std::uint64_t window = 1024 * 1024;
  static constexpr double most_messages = 50;  ///< a second, pieces of files aside

  struct Outside {
    std::function<void(const Json&)> say;
    std::function<void(std::string chunk)> send;
    std::function<std::size_t()> buffered;  ///< bytes that were sent and are not out yet
    std::function<void()> sending;          ///< a download began: call `send_some` now and then
    std::function<Folder::Ticket()> new_ticket;
  };

  /// `largest`: bytes a file may have.
  FileTransfers(Folder& folder, std::uint64_t largest, Outside outside);
  FileTransfers(const FileTransfers&) = delete;
  FileTransfers& operator=(const FileTransfers&) = delete;
  ~FileTransfers();

  /// A message of the viewer.
  void said(std::string_view text);
  /// A piece of a file.
  void received(std::string_view chunk);
  /// So much came that some of it had to be dropped.
  void flooded();

  /// Who loses control loses its transfers.
  void set_in_control(bool is_in_control);
  /// What there is to be fetched.
  void set_files(const std::vector<FileEntry>& files);
  /// The channel is open: what was set before is told.
  void begin();

  [[nodiscard]] bool is_sending() const { return download_.has_value(); }
  /// Sends pieces of at most `budget` bytes; returns how many went.
  std::size_t send_some(std::size_t budget);

 private:
  struct Upload {
    TransferId id = 0;
    Folder::Ticket ticket = 0;
    std::string name;
    std::uint64_t bytes = 0;
    std::uint64_t received = 0;
    std::uint64_t written = 0;
    std::uint64_t told = 0;  ///< of what was written
    bool is_created = false;
    bool is_finishing = false;
  };
  struct Download {
    TransferId id = 0;
    Folder::Ticket ticket = 0;
    std::uint64_t bytes = 0;
    std::uint64_t sent = 0;
    std::uint64_t read = 0;
    std::string ready;  ///< read and not sent
    bool is_open = false;
    bool is_reading = false;
  };

  void obey(const UploadRequest& request);
  void obey(const DownloadRequest& request);
  void obey(const CancelRequest& request);
  void created(FileFault fault);
  void written(std::size_t bytes, FileFault fault);
  void finish_upload();
  void opened(FileFault fault, std::uint64_t bytes);
  void read_on();
  void took(FileFault fault, const std::string& bytes);
  void end_upload(FileFault reason);
  void end_download(FileFault reason);
  void refuse(FileFault reason, std::optional<TransferId> id = std::nullopt);
  void tell_files();
  /// Makes `act(self, arguments…)` run only while this lives and the ticket is still current.
  template <class Act>
  auto while_upload(Folder::Ticket ticket, Act act);
  template <class Act>
  auto while_download(Folder::Ticket ticket, Act act);

  Folder& folder_;
  std::uint64_t largest_;
  Outside outside_;
  TokenBucket bucket_{most_messages};
  bool is_in_control_ = false;
  bool is_open_ = false;
  Json files_ = Json::array();
  std::optional<Upload> upload_;
  std::optional<Download> download_;
};

}  // namespace aerie::stream
