#include "guest/stream/files/file_transfers.hpp"

#include <algorithm>
#include <utility>

#include "guest/stream/files/file_names.hpp"
#include "messages/time.hpp"

namespace aerie::stream {
namespace {

constexpr std::uint64_t told_step = 128 * 1024;
constexpr std::size_t read_ahead = 128 * 1024;
constexpr std::size_t most_buffered = 128 * 1024;

}  // namespace

template <class Act>
auto FileTransfers::while_upload(Folder::Ticket ticket, Act act) {
  return [weak = weak_from_this(), ticket, act](auto&&... arguments) {
    const auto self = weak.lock();
    if (self && self->upload_ && self->upload_->ticket == ticket) act(*self, arguments...);
  };
}

template <class Act>
auto FileTransfers::while_download(Folder::Ticket ticket, Act act) {
  return [weak = weak_from_this(), ticket, act](auto&&... arguments) {
    const auto self = weak.lock();
    if (self && self->download_ && self->download_->ticket == ticket) act(*self, arguments...);
  };
}

FileTransfers::FileTransfers(Folder& folder, std::uint64_t largest, Outside outside)
    : folder_(folder), largest_(largest), outside_(std::move(outside)) {}

FileTransfers::~FileTransfers() {
  if (upload_) folder_.discard(upload_->ticket);
  if (download_) folder_.discard(download_->ticket);
}

// -- what there is, and who may -------------------------------------------------------------------

void FileTransfers::begin() {
  is_open_ = true;
  tell_files();
}

void FileTransfers::set_in_control(bool is_in_control) {
  if (std::exchange(is_in_control_, is_in_control) == is_in_control) return;
  if (is_in_control) return tell_files();
  end_upload("not-in-control");
  end_download("not-in-control");
}

void FileTransfers::set_files(const std::vector<FileEntry>& files) {
  files_ = Json::array();
  for (const auto& file : files)
    files_.push_back({{"name", file.name},
                      {"bytes", file.bytes},
                      {"at", to_rfc3339(Instant{Duration{file.changed_ms}})}});
  tell_files();
}

void FileTransfers::tell_files() {
  if (is_open_ && is_in_control_)
    outside_.say({{"type", "files"}, {"files", files_}, {"largest", largest_}});
}

// -- what the viewer says -------------------------------------------------------------------------

void FileTransfers::said(std::string_view text) {
  if (!bucket_.take(std::chrono::steady_clock::now())) return refuse("rate-limited");
  const auto request = parse_file_request(text);
  if (!request) return refuse(request.error().reason, request.error().id);
  std::visit([this](const auto& each) { obey(each); }, *request);
}

void FileTransfers::obey(const UploadRequest& request) {
  if (!is_in_control_) return refuse("not-in-control", request.id);
  if (upload_) return refuse("busy", request.id);
  if (!is_file_name(request.name)) return refuse("bad-name", request.id);
  if (request.bytes > largest_) return refuse("too-large", request.id);
  upload_ = Upload{request.id, outside_.new_ticket(), request.name, request.bytes};
  folder_.create(upload_->ticket, request.bytes,
                 while_upload(upload_->ticket,
                              [](FileTransfers& self, FileFault fault) { self.created(fault); }));
}

void FileTransfers::obey(const DownloadRequest& request) {
  if (!is_in_control_) return refuse("not-in-control", request.id);
  if (download_) return refuse("busy", request.id);
  if (!is_file_name(request.name)) return refuse("bad-name", request.id);
  download_ = Download{};
  download_->id = request.id;
  download_->ticket = outside_.new_ticket();
  folder_.open(
      download_->ticket, request.name,
      while_download(download_->ticket, [](FileTransfers& self, FileFault fault,
                                           std::uint64_t bytes) { self.opened(fault, bytes); }));
}

void FileTransfers::obey(const CancelRequest& request) {
  if (upload_ && upload_->id == request.id) return end_upload("cancelled");
  if (download_ && download_->id == request.id) return end_download("cancelled");
}

// -- to the guest ---------------------------------------------------------------------------------

void FileTransfers::created(FileFault fault) {
  if (!fault.empty()) return end_upload(fault);
  upload_->is_created = true;
  outside_.say({{"type", "accepted"},
                {"id", upload_->id},
                {"name", upload_->name},
                {"bytes", upload_->bytes}});
  if (upload_->bytes == 0) finish_upload();
}

void FileTransfers::received(std::string_view bytes) {
  const auto chunk = parse_chunk(bytes);
  if (!chunk) {
    if (bucket_.take(std::chrono::steady_clock::now())) refuse("bad-chunk");
    return;
  }
  // The pieces of a transfer that has ended may still have been on their way.
  if (!upload_ || upload_->id != chunk->id) return;
  auto& upload = *upload_;
  if (!upload.is_created) return end_upload("bad-chunk");
  const auto size = chunk->piece.size();
  if (upload.received + size > upload.bytes) return end_upload("too-large");
  if (upload.received + size - upload.written > window) return end_upload("rate-limited");
  upload.received += size;
  folder_.append(upload.ticket, std::string{chunk->piece},
                 while_upload(upload.ticket, [size](FileTransfers& self, FileFault fault) {
                   self.written(size, fault);
                 }));
}

void FileTransfers::written(std::size_t bytes, FileFault fault) {
  if (!fault.empty()) return end_upload(fault);
  auto& upload = *upload_;
  upload.written += bytes;
  const bool is_all = upload.written == upload.bytes;
  if (is_all || upload.written - upload.told >= told_step) {
    upload.told = upload.written;
    outside_.say({{"type", "received"}, {"id", upload.id}, {"bytes", upload.written}});
  }
  if (is_all) finish_upload();
}

void FileTransfers::finish_upload() {
  if (std::exchange(upload_->is_finishing, true)) return;
  const auto done = [](FileTransfers& self, FileFault fault, const std::string& name) {
    if (!fault.empty()) return self.end_upload(fault);
    self.outside_.say({{"type", "done"}, {"id", self.upload_->id}, {"name", name}});
    self.upload_.reset();
  };
  folder_.finish(upload_->ticket, upload_->name, while_upload(upload_->ticket, done));
}

void FileTransfers::flooded() {
  end_upload("rate-limited");
}

// -- from the guest -------------------------------------------------------------------------------

void FileTransfers::opened(FileFault fault, std::uint64_t bytes) {
  if (!fault.empty()) return end_download(fault);
  if (bytes > largest_) return end_download("too-large");
  download_->is_open = true;
  download_->bytes = bytes;
  outside_.say({{"type", "accepted"}, {"id", download_->id}, {"bytes", bytes}});
  read_on();
  outside_.sending();
}

void FileTransfers::read_on() {
  auto& download = *download_;
  if (download.is_reading || download.read == download.bytes || download.ready.size() >= read_ahead)
    return;
  download.is_reading = true;
  const auto most = std::min<std::uint64_t>(read_ahead, download.bytes - download.read);
  folder_.read(
      download.ticket, static_cast<std::size_t>(most),
      while_download(download.ticket, [](FileTransfers& self, FileFault fault,
                                         const std::string& bytes) { self.took(fault, bytes); }));
}

void FileTransfers::took(FileFault fault, const std::string& bytes) {
  if (!fault.empty()) return end_download(fault);
  // Somebody cut it short meanwhile.
  if (bytes.empty()) return end_download("changed");
  download_->is_reading = false;
  download_->read += bytes.size();
  download_->ready += bytes;
}

std::size_t FileTransfers::send_some(std::size_t budget) {
  if (!download_ || !download_->is_open) return 0;
  auto& download = *download_;
  std::size_t spent = 0;
  constexpr auto most_piece = max_chunk_bytes - chunk_header_bytes;
  std::size_t from = 0;
  while (from < download.ready.size() && spent < budget && outside_.buffered() < most_buffered) {
    const auto piece =
        std::string_view{download.ready}.substr(from, std::min(most_piece, budget - spent));
    outside_.send(make_chunk(download.id, piece));
    from += piece.size();
    spent += piece.size();
  }
  download.ready.erase(0, from);
  download.sent += spent;
  if (download.sent == download.bytes) {
    outside_.say({{"type", "sent"}, {"id", download.id}});
    folder_.discard(download.ticket);
    download_.reset();
  } else {
    read_on();
  }
  return spent;
}

// -- the end --------------------------------------------------------------------------------------

void FileTransfers::end_upload(FileFault reason) {
  if (!upload_) return;
  folder_.discard(upload_->ticket);
  refuse(reason, upload_->id);
  upload_.reset();
}

void FileTransfers::end_download(FileFault reason) {
  if (!download_) return;
  folder_.discard(download_->ticket);
  refuse(reason, download_->id);
  download_.reset();
}

void FileTransfers::refuse(FileFault reason, std::optional<TransferId> id) {
  Json message{{"type", "refused"}, {"reason", reason}};
  if (id) message["id"] = *id;
  outside_.say(message);
}

}  // namespace aerie::stream
