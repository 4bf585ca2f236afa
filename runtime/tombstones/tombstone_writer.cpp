#include "runtime/tombstones/tombstone_writer.hpp"

#include <cerrno>
#include <unistd.h>

#include "runtime/store/store_reader.hpp"
#include "runtime/store/stored_session.hpp"
#include "runtime/tombstones/tombstone_reader.hpp"

namespace aerie {
namespace {

constexpr std::size_t max_document = 4UL * 1024 * 1024;
constexpr std::size_t write_size = 64 * 1024;

std::string dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// The profile without its variables' values: they may be secrets.
Json shown_profile(Json profile) {
  if (!profile.is_object() || !profile.contains("children")) return profile;
  for (auto& child : profile["children"])
    if (child.is_object() && child.contains("env") && child["env"].is_object())
      for (auto& value : child["env"])
        value = "***";
  return profile;
}

}  // namespace

TombstoneWriter::TombstoneWriter(const Folder& state, Database& database, const Json& configuration,
                                 const TombstoneOrder& order)
    : state_(state),
      database_(database),
      configuration_(configuration),
      order_(order),
      id_(order.document->id) {}

Result<std::int64_t> TombstoneWriter::write() {
  const auto tombstones = state_.make("tombstones");
  if (!tombstones) return tl::unexpected(tombstones.error());
  const auto beside = "." + id_ + ".new";
  if (auto removed = tombstones->remove(beside); !removed) return tl::unexpected(removed.error());
  before_ = tombstones->find(id_);
  const auto fresh = tombstones->make(beside);
  if (!fresh) return tl::unexpected(fresh.error());
  auto done = fill(*fresh);
  if (done) done = fresh->sync();
  const auto bytes = fresh->bytes();
  if (done) done = tombstones->swap_in(beside, id_);
  if (done) done = tombstones->sync();
  // What could not be finished, or the one before. If that fails, the next start tries again.
  const auto removed = tombstones->remove(beside);
  if (!done) return tl::unexpected(done.error());
  return bytes;
}

Result<void> TombstoneWriter::fill(const Folder& fresh) {
  if (before_)
    if (const auto text = before_->read("session.json", max_document))
      if (const auto document = restored_session(id_, *text)) last_vm_before_ = document->vm_id;
  auto done = read_request();
  if (done) done = write_events(fresh);
  if (done) done = write_consoles(fresh);
  if (done) done = write_logs(fresh);
  if (done) done = write_configuration(fresh);
  if (done)
    done = fresh.write("session.json", redaction_.apply(dump(stored_session(*order_.document))));
  // Last, for it names what else is there.
  if (done) done = write_why(fresh);
  return done;
}

Result<void> TombstoneWriter::read_request() {
  auto request = read_memory(database_, id_ + "/request");
  if (!request) return tl::unexpected(request.error());
  request_ = *std::move(request);
  if (request_.is_object()) redaction_ = Redaction{request_.value("url", "")};
  return {};
}

Result<void> TombstoneWriter::write_events(const Folder& fresh) {
  if (order_.why.is_null() && before_ && before_->has("events.jsonl"))
    if (const auto page = read_events(database_, {0, 1, id_}); page && page->empty())
      return take_over(fresh, "events.jsonl", "events.jsonl");
  const auto path = fresh.path() + "/events.jsonl";
  const auto file = fresh.create("events.jsonl");
  if (!file) return tl::unexpected(file.error());
  std::string text;
  auto done =
      each_event(database_, id_, order_.last_event, [&](const EventPtr& event) -> Result<void> {
        text += redaction_.apply(dump(*event));
        if (text.size() < write_size) return {};
        return write_all(file->get(), std::exchange(text, {}), path);
      });
  if (done) done = write_all(file->get(), text, path);
  if (done && ::fsync(file->get()) != 0) return tl::unexpected(file_failure(path, errno));
  return done;
}

/// The last guest's is `console.log`, those of earlier ones have the guest's id in their names.
Result<void> TombstoneWriter::write_consoles(const Folder& fresh) {
  Result<void> done;
  for (const auto& vm : order_.vms)
    if (done && vm != order_.document->vm_id)
      done = write_console(fresh, vm, "console-" + vm + ".log");
  if (done) done = write_console(fresh, order_.document->vm_id, "console.log");
  if (!done || fresh.has("console.log")) return done;
  return fresh.write("console.log", no_console_text(order_.document->driver));
}

Result<void> TombstoneWriter::write_console(const Folder& fresh, const std::string& vm,
                                            const std::string& name) {
  if (!vm.empty())
    if (const auto console = state_.find_file("vms/" + vm + "/console.log"))
      return copy(console->get(), fresh, name);
  return take_over(fresh, vm == last_vm_before_ ? "console.log" : "console-" + vm + ".log", name);
}

Result<void> TombstoneWriter::write_logs(const Folder& fresh) {
  const auto logs = fresh.make("logs");
  if (!logs) return tl::unexpected(logs.error());
  Result<void> done;
  if (const auto living = state_.find("sessions/" + id_ + "/logs"))
    for (const auto& name : living->names())
      if (const auto file = done ? living->find_file(name) : std::nullopt)
        done = copy(file->get(), *logs, name);
  if (const auto kept = before_ ? before_->find("logs") : std::nullopt)
    for (const auto& name : kept->names())
      if (done && !logs->has(name)) done = kept->link_into(*logs, name, name);
  if (done) done = logs->sync();
  return done;
}

Result<void> TombstoneWriter::write_configuration(const Folder& fresh) {
  Json json{{"config", configuration_},
            {"driver", order_.document->driver},
            {"profile", order_.document->profile}};
  if (request_.is_object()) {
    json["profile"] = shown_profile(request_.value("profile", Json(order_.document->profile)));
    const auto display = request_.value("display", Json::array());
    if (display.size() == 3)
      json["display"] = {{"width", display[0]}, {"height", display[1]}, {"fps", display[2]}};
  } else if (before_ && before_->has("effective-config.json")) {
    return take_over(fresh, "effective-config.json", "effective-config.json");
  }
  return fresh.write("effective-config.json", redaction_.apply(dump(json, 2)));
}

Result<void> TombstoneWriter::write_why(const Folder& fresh) {
  if (order_.why.is_null()) return take_over(fresh, "why.json", "why.json");
  auto why = order_.why;
  auto& logs = why["logs"];
  for (auto each = logs.begin(); each != logs.end();)
    each = fresh.has("logs/" + each.key() + ".log") ? std::next(each) : logs.erase(each);
  return fresh.write("why.json", redaction_.apply(dump(why, 2)));
}

Result<void> TombstoneWriter::copy(int from, const Folder& to, const std::string& name) {
  const auto path = to.path() + "/" + name;
  const auto file = to.create(name);
  if (!file) return tl::unexpected(file.error());
  if (auto copied = redaction_.copy(from, file->get(), path); !copied) return copied;
  if (::fsync(file->get()) != 0) return tl::unexpected(file_failure(path, errno));
  return {};
}

Result<void> TombstoneWriter::take_over(const Folder& fresh, const std::string& name,
                                        const std::string& fresh_name) {
  if (!before_ || !before_->has(name) || fresh.has(fresh_name)) return {};
  return before_->link_into(fresh, name, fresh_name);
}

}  // namespace aerie
