#include "guest/stream/files/file_transfers.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace aerie::stream;
using aerie::Json;

namespace {

/// A folder that answers when the test says so.
class HeldFolder final : public Folder {
 public:
  void create(Ticket ticket, std::uint64_t, Done done) override {
    files[ticket] = "";
    answer([=, this] { done(fault); });
  }
  void append(Ticket ticket, std::string bytes, Done done) override {
    files[ticket] += bytes;
    answer([=, this] { done(fault); });
  }
  void finish(Ticket ticket, std::string name, Named done) override {
    finished[name] = files[ticket];
    answer([=, this] { done(fault, name); });
  }
  void open(Ticket ticket, std::string name, Sized done) override {
    files[ticket] = content;
    asked = name;
    answer([=, this] { done(fault, named_size.value_or(content.size())); });
  }
  void read(Ticket ticket, std::size_t most, Read done) override {
    auto& rest = files[ticket];
    answer([=, this, piece = rest.substr(0, most)] { done(fault, piece); });
    rest.erase(0, most);
  }
  void discard(Ticket ticket) override { discarded.push_back(ticket); }

  void answer_all() {
    while (!held.empty()) {
      const auto next = held.front();
      held.erase(held.begin());
      next();
    }
  }

  FileFault fault;
  std::string content;
  std::string asked;
  std::optional<std::uint64_t> named_size;
  std::map<Ticket, std::string> files;
  std::map<std::string, std::string> finished;
  std::vector<Ticket> discarded;
  std::vector<std::function<void()>> held;

 private:
  void answer(std::function<void()> call) { held.push_back(std::move(call)); }
};

struct Desk {
  explicit Desk(std::uint64_t largest = 1 << 20) {
    transfers = std::make_shared<FileTransfers>(
        folder, largest,
        FileTransfers::Outside{.say = [this](const Json& message) { said.push_back(message); },
                               .send = [this](const std::string& chunk) { sent.push_back(chunk); },
                               .buffered = [this] { return buffered; },
                               .sending = [this] { ++begun; },
                               .new_ticket = [this] { return ++ticket; }});
    transfers->set_in_control(true);
    transfers->begin();
    said.clear();
  }

  void say(const Json& message) {
    transfers->said(message.dump());
    folder.answer_all();
  }
  void upload(std::uint64_t bytes, const std::string& name = "a.txt", TransferId id = 1) {
    say({{"type", "upload"}, {"id", id}, {"name", name}, {"bytes", bytes}});
  }
  void download(TransferId id = 2) { say({{"type", "download"}, {"id", id}, {"name", "b.txt"}}); }
  void chunk(const std::string& piece, TransferId id = 1) {
    transfers->received(make_chunk(id, piece));
    folder.answer_all();
  }
  /// What was said last, in short.
  [[nodiscard]] std::string last() const {
    if (said.empty()) return "";
    const auto& message = said.back();
    return message["type"].get<std::string>() + " " + message.value("reason", "");
  }

  HeldFolder folder;
  std::vector<Json> said;
  std::vector<std::string> sent;
  std::size_t buffered = 0;
  int begun = 0;
  Folder::Ticket ticket = 0;
  std::shared_ptr<FileTransfers> transfers;
};

}  // namespace

TEST_CASE("an upload is accepted, written piece by piece, and done", "[files]") {
  Desk desk;
  desk.upload(8);
  CHECK(desk.said.back() == Json{{"type", "accepted"}, {"id", 1}, {"name", "a.txt"}, {"bytes", 8}});
  desk.chunk("four");
  desk.chunk("more");
  CHECK(desk.said.back() == Json{{"type", "done"}, {"id", 1}, {"name", "a.txt"}});
  CHECK(desk.folder.finished.at("a.txt") == "fourmore");
  desk.upload(0, "empty", 2);
  CHECK(desk.said.back() == Json{{"type", "done"}, {"id", 2}, {"name", "empty"}});
}

TEST_CASE("an upload is refused with its reason", "[files]") {
  Desk desk{100};
  SECTION("without control") {
    desk.transfers->set_in_control(false);
    desk.upload(8);
    CHECK(desk.last() == "refused not-in-control");
  }
  SECTION("with a name that is a path") {
    desk.upload(8, "../a");
    CHECK(desk.last() == "refused bad-name");
  }
  SECTION("beyond the bound") {
    desk.upload(101);
    CHECK(desk.last() == "refused too-large");
  }
  SECTION("where the disk is full") {
    desk.folder.fault = "disk-full";
    desk.upload(8);
    CHECK(desk.last() == "refused disk-full");
    CHECK(desk.folder.discarded.size() == 1);
  }
  SECTION("while another is under way, which goes on") {
    desk.upload(4);
    desk.upload(8, "b", 7);
    CHECK(desk.last() == "refused busy");
    CHECK(desk.said.back()["id"] == 7);
    desk.chunk("four");
    CHECK(desk.last() == "done ");
  }
  SECTION("as nonsense") {
    desk.transfers->said("{");
    CHECK(desk.last() == "refused bad-json");
  }
  CHECK_FALSE(desk.transfers->is_sending());
}

TEST_CASE("an upload that lies is undone", "[files]") {
  Desk desk{8 << 20};
  SECTION("more than it said") {
    desk.upload(3);
    desk.chunk("four");
    CHECK(desk.last() == "refused too-large");
  }
  SECTION("faster than it may") {
    desk.upload(4 << 20);
    const std::string piece(max_chunk_bytes - chunk_header_bytes, 'x');
    for (std::size_t sent = 0; sent <= FileTransfers::window; sent += piece.size())
      desk.transfers->received(make_chunk(1, piece));  // and nothing is written meanwhile
    CHECK(desk.last() == "refused rate-limited");
  }
  SECTION("pieces before it was accepted") {
    desk.transfers->said(R"({"type":"upload","id":1,"name":"a","bytes":9})");
    desk.transfers->received(make_chunk(1, "early"));
    CHECK(desk.last() == "refused bad-chunk");
  }
  SECTION("so much that some was dropped") {
    desk.upload(9);
    desk.transfers->flooded();
    CHECK(desk.last() == "refused rate-limited");
  }
  CHECK(desk.folder.discarded.size() == 1);
  CHECK(desk.folder.finished.empty());
  const auto before = desk.said.size();
  desk.chunk("late");
  CHECK(desk.said.size() == before);
}

TEST_CASE("a transfer ends with its viewer, with control, or when it is cancelled", "[files]") {
  Desk desk;
  desk.folder.content = "content";
  desk.upload(8);
  desk.download();
  SECTION("cancelled") {
    desk.say({{"type", "cancel"}, {"id", 1}});
    CHECK(desk.last() == "refused cancelled");
    desk.say({{"type", "cancel"}, {"id", 2}});
    CHECK(desk.last() == "refused cancelled");
    desk.say({{"type", "cancel"}, {"id", 3}});
  }
  SECTION("control lost") {
    desk.transfers->set_in_control(false);
    CHECK(desk.last() == "refused not-in-control");
  }
  SECTION("gone") {
    desk.transfers.reset();
  }
  CHECK(desk.folder.discarded == std::vector<Folder::Ticket>{1, 2});
  desk.folder.answer_all();  // what is still under way finds nobody
}

TEST_CASE("a download goes in pieces as the budget and the channel allow", "[files]") {
  Desk desk;
  desk.folder.content = std::string(300'000, 'x');
  desk.download();
  CHECK(desk.folder.asked == "b.txt");
  CHECK(desk.said.back() == Json{{"type", "accepted"}, {"id", 2}, {"bytes", 300'000}});
  CHECK(desk.begun == 1);
  desk.buffered = 1 << 20;
  CHECK(desk.transfers->send_some(1 << 20) == 0);
  desk.buffered = 0;
  CHECK(desk.transfers->send_some(10) == 10);
  std::size_t total = 10;
  while (desk.transfers->is_sending()) {
    total += desk.transfers->send_some(50'000);
    desk.folder.answer_all();
  }
  CHECK(total == 300'000);
  CHECK(desk.said.back() == Json{{"type", "sent"}, {"id", 2}});
  std::string got;
  for (const auto& each : desk.sent) {
    REQUIRE(each.size() <= max_chunk_bytes);
    got += parse_chunk(each)->piece;
  }
  CHECK(got == desk.folder.content);
}

TEST_CASE("a download is refused with its reason", "[files]") {
  Desk desk{100};
  SECTION("gone") {
    desk.folder.fault = "gone";
    desk.download();
    CHECK(desk.last() == "refused gone");
  }
  SECTION("too large") {
    desk.folder.content = std::string(101, 'x');
    desk.download();
    CHECK(desk.last() == "refused too-large");
  }
  SECTION("cut short while it is read") {
    desk.folder.content = "short";
    desk.folder.named_size = 50;
    desk.download();
    (void)desk.transfers->send_some(100);
    desk.folder.answer_all();
    CHECK(desk.last() == "refused changed");
  }
  SECTION("without control") {
    desk.transfers->set_in_control(false);
    desk.download();
    CHECK(desk.last() == "refused not-in-control");
  }
  CHECK_FALSE(desk.transfers->is_sending());
}

TEST_CASE("what there is to fetch is told to who is in control, and to nobody else", "[files]") {
  Desk desk;
  desk.transfers->set_files({{"a.txt", 3, 0}});
  CHECK(desk.said.back() ==
        Json{{"type", "files"},
             {"files", {{{"name", "a.txt"}, {"bytes", 3}, {"at", "1970-01-01T00:00:00.000Z"}}}},
             {"largest", 1 << 20}});
  desk.transfers->set_in_control(false);
  const auto before = desk.said.size();
  desk.transfers->set_files({});
  CHECK(desk.said.size() == before);
  desk.transfers->set_in_control(true);
  CHECK(desk.said.back()["files"].empty());
}
