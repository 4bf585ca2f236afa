// What breaks a guest as a whole: its root, its sandbox, its supervisor, its link.

#include <fcntl.h>
#include <fstream>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/replay/scene.hpp"
#include "tests/support/descendants.hpp"

namespace aerie::replay {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

Fault fault(const std::string& name, CauseKind kind, const std::string& names,
            std::function<void(Scene&)> plant) {
  auto made = sleeper_fault(name, kind, names);
  made.plant = std::move(plant);
  return made;
}

/// A folder with something else in place of the guest's supervisor.
void replace_guest(Scene& scene, const std::string& script, unsigned permissions) {
  const auto programs = scene.folder() / "programs";
  fs::create_directories(programs);
  std::ofstream{programs / "aerie-guest"} << script;
  fs::permissions(programs / "aerie-guest", fs::perms{permissions});
  scene.options.programs = programs.string();
}

Fault no_root() {
  return fault("the folder of guests' roots is gone", CauseKind::root_missing, "/vms",
               [](Scene& scene) {
                 fs::rename(scene.state() / "vms", scene.state() / "vms.gone");
                 scene.mark();
                 scene.start();
               });
}

Fault no_sandbox() {
  auto made = fault("a sandbox that can't be made", CauseKind::sandbox_failed, "aerie-guest",
                    [](Scene& scene) {
                      scene.mark();
                      scene.start();
                    });
  made.prepare = [](Scene& scene) { replace_guest(scene, "no program\n", 0644); };
  return made;
}

Fault no_space() {
  auto made = fault("a full disk", CauseKind::disk_full, "/vms/", [](Scene& scene) {
    const auto vms = (scene.state() / "vms").string();
    // One inode: the root's own.
    if (::mount("tmpfs", vms.c_str(), "tmpfs", 0, "size=64k,nr_inodes=1,mode=0700") != 0)
      throw LeftOut("a small file system can be mounted by root only");
    scene.undo = [vms] { ::umount2(vms.c_str(), MNT_DETACH); };
    scene.mark();
    scene.start();
  });
  return made;
}

Fault silent_guest() {
  auto made = fault("a guest that never speaks", CauseKind::link_timeout, "link", [](Scene& scene) {
    scene.start();
    scene.mark(scene.wait_for("vm.state", "", "linking").at);
  });
  made.prepare = [](Scene& scene) {
    replace_guest(scene, "#!/bin/sh\nexec sleep 1000\n", 0755);
    scene.options.set.emplace_back("guests.linkMs", "1000");
  };
  made.due = 1000ms;
  return made;
}

Fault lying_guest(const std::string& name, const std::string& lie, const std::string& names) {
  auto made = fault(name, CauseKind::link_violation, names, [lie](Scene& scene) {
    scene.start();
    const auto target = scene.home() / "planted";
    scene.mark();
    std::ofstream{target} << lie;
  });
  made.prepare = [](Scene& scene) { scene.options.programs = fixture("lying").string(); };
  return made;
}

/// The controller runs in this process: its end of a guest's link is one of our descriptors.
int find_link() {
  for (const auto& entry : fs::directory_iterator{"/proc/self/fd"}) {
    const int fd = std::stoi(entry.path().filename().string());
    sockaddr_un peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sun_family != AF_UNIX || size <= offsetof(sockaddr_un, sun_path)) continue;
    if (std::string{peer.sun_path}.ends_with("/guest.sock")) return fd;
  }
  throw std::runtime_error("the guest's link is not there");
}

Fault cut_link() {
  return fault("a link that is cut", CauseKind::link_lost, "link", [](Scene& scene) {
    scene.start();
    scene.wait_for("vm.state", "", "ready");
    const int link = find_link();
    scene.mark();
    ::shutdown(link, SHUT_RDWR);
  });
}

Fault killed_guest() {
  return fault("a guest's supervisor that is killed", CauseKind::vmm_exited, "SIGKILL",
               [](Scene& scene) {
                 scene.start();
                 scene.wait_for("child.ready", "subject");
                 const auto found = test::descendants("aerie-guest");
                 if (found.size() != 1) throw std::runtime_error("which guest is it?");
                 scene.mark();
                 ::kill(found.front(), SIGKILL);
               });
}

Fault late_session() {
  auto made =
      fault("a session past its deadline", CauseKind::deadline, "1500 ms", [](Scene& scene) {
        scene.mark();
        scene.start();
      });
  made.children[0]["ready"] = {{"kind", "line"}, {"pattern", "^never"}, {"withinMs", 60'000}};
  made.prepare = [](Scene& scene) { scene.options.set.emplace_back("guests.startMs", "1500"); };
  made.due = 1500ms;
  return made;
}

Fault requested_end() {
  return fault("a session that is asked to end", CauseKind::requested, "operator",
               [](Scene& scene) {
                 scene.start();
                 scene.wait_for("child.ready", "subject");
                 scene.mark();
                 scene.world().http().remove("/api/v1/sessions/" + scene.session + "?force=true");
               });
}

}  // namespace

std::vector<Fault> faults_of_guests() {
  return {no_root(),
          no_sandbox(),
          no_space(),
          silent_guest(),
          lying_guest("a guest that lies about a frame's size", "huge", "4294967295"),
          lying_guest("a guest that sends what is no JSON", "rubbish", "JSON"),
          lying_guest("a guest that does not know its secret", "secret", "secret"),
          cut_link(),
          killed_guest(),
          late_session(),
          requested_end()};
}

}  // namespace aerie::replay
