#include "runtime/drivers/vm/state_saver.hpp"

#include <chrono>
#include <filesystem>
#include <future>

#include "runtime/drivers/process/guest_record.hpp"
#include "runtime/drivers/vm/vm_files.hpp"
#include "runtime/secrets/identity.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds longest_end{5};

/// Hears one word, that the guest may be saved or why it never will, and its end.
class FirstWord final : public MachineReports {
 public:
  std::future<Result<void>> word() { return promise_.get_future(); }
  std::future<void> end() { return end_.get_future(); }

  void on_started(std::int64_t) override {}
  void on_reached(Stage) override {}
  void on_linked() override {}
  void on_failed(Cause cause) override { tell(tl::unexpected(std::move(cause))); }
  void on_says(link::GuestMessage message) override {
    // A profile without a streamer is ready as a whole; nothing of it is held.
    if (std::holds_alternative<link::Held>(message) ||
        std::holds_alternative<link::AllReady>(message))
      tell({});
    const auto* news = std::get_if<link::ChildNews>(&message);
    if (news != nullptr && news->exit) tell(tl::unexpected(cause_of(*news->exit)));
  }
  void on_link_lost(Cause cause) override { tell(tl::unexpected(std::move(cause))); }
  void on_exited(ExitRecord exit) override {
    tell(tl::unexpected(cause_of(exit)));
    end_.set_value();
  }
  void on_released(Resource, std::optional<Cause>) override {}
  void on_network(std::optional<Cause>) override {}
  void on_paused(bool, std::optional<Cause>) override {}

 private:
  void tell(Result<void> word) {
    if (!std::exchange(is_told_, true)) promise_.set_value(std::move(word));
  }
  std::promise<Result<void>> promise_;
  std::promise<void> end_;
  bool is_told_ = false;  // all reports come on one thread
};

MachineSpec template_of(const SaveRequest& request) {
  MachineSpec spec;
  spec.vm = new_uuid();
  spec.configure.vm = spec.vm;
  spec.configure.profile = request.profile;
  spec.configure.url = "about:blank";
  spec.configure.display = request.profile->display;
  spec.configure.is_template = true;
  return spec;
}

/// A folder that is gone with the object, unless it was moved away.
struct WorkFolder {
  std::string path;
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

Result<void> copy_rest(const std::string& directory, const SavedState& state) {
  if (auto copied = copy_sparse(overlay_path(directory), state.overlay()); !copied) return copied;
  return copy_sparse(console_path(directory), state.console());
}

/// Boots the guest in `directory` and fills `state`'s folder.
Result<SavedState> boot_and_save(const SaveRequest& request, StateSource& source,
                                 const std::string& directory, SavedState state) {
  Reactor reactor;
  Reactor disk;
  VmOptions options;
  options.vms_directory = directory;
  options.uid_base = request.uid_base;
  const auto driver = source.make_driver(reactor, disk, options, request.images);
  const auto spec = template_of(request);
  const auto vm = directory + "/" + spec.vm;
  const auto first_word = std::make_shared<FirstWord>();
  auto word = first_word->word();
  auto end = first_word->end();
  auto machine = driver->make(spec, first_word);
  machine->start();
  Result<SavedState> saved = tl::unexpected(Cause{CauseKind::deadline,
                                                  "The guest was not ready to be saved in time.",
                                                  "Try again on a host with less load.",
                                                  {}});
  if (word.wait_for(request.within) == std::future_status::ready) {
    const auto held = word.get();
    if (!held) saved = tl::unexpected(held.error());
    if (held) {
      if (const auto record = read_guest_record(vm)) state.secret = record->secret;
      auto done = source.save(reactor, vm, state, request.within);
      if (done) done = copy_rest(vm, state);
      if (done) done = seal_state(state);
      saved = done ? Result<SavedState>{state} : tl::unexpected(done.error());
    }
  }
  machine->kill("controller");
  end.wait_for(longest_end);  // not at all where it never began
  machine.reset();
  reactor.stop();
  disk.stop();
  return saved;
}

}  // namespace

Cause not_saved(const std::string& why) {
  return {CauseKind::store_failed,
          "The guest could not be saved: " + why + ".",
          "Check space and rights of the images' folder.",
          {}};
}

Result<SavedState> save_guest(const SaveRequest& request, StateSource& source) {
  const auto& profile = *request.profile;
  auto image = find_guest_image(request.images, profile.name);
  if (!image) return tl::unexpected(image.error());
  std::optional<SpawnRequest::Identity> identity;
  if (request.uid_base > 0) {
    const auto id = static_cast<uid_t>(request.uid_base);
    identity = SpawnRequest::Identity{id, id};
  }
  const auto key = state_key(*image, profile, source.identity(*image, profile, identity));
  const auto folder = state_folder(request.images.directory, key);
  if (auto there = SavedStates{request.images.directory}.find(key); there && *there) return **there;
  const WorkFolder work{request.images.directory + "/states/new." + new_uuid().substr(0, 8)};
  SavedState state{work.path + "/saved", {}};
  std::error_code error;
  fs::create_directories(state.folder, error);
  fs::permissions(request.images.directory + "/states", fs::perms::owner_all, error);
  if (error) return tl::unexpected(not_saved("'" + work.path + "' can't be made"));
  auto saved = boot_and_save(request, source, work.path, std::move(state));
  if (!saved) return saved;
  fs::remove_all(folder, error);  // one whose files were damaged
  fs::rename(saved->folder, folder, error);
  if (error) return tl::unexpected(not_saved("'" + folder + "' can't be made"));
  saved->folder = folder;
  return saved;
}

}  // namespace aerie
