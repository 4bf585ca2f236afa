// What a guest's programs do wrong while they run.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "runtime/process/cgroup.hpp"
#include "tests/replay/scene.hpp"

namespace aerie::replay {
namespace {

using namespace std::chrono_literals;

Fault fault(const std::string& name, CauseKind kind, const std::string& names, Json children,
            std::function<void(Scene&)> plant) {
  Fault made;
  made.name = name;
  made.kind = kind;
  made.names = names;
  made.children = std::move(children);
  made.plant = [plant = std::move(plant)](Scene& scene) {
    scene.start();
    plant(scene);
  };
  return made;
}

void release(Scene& scene) {
  scene.release();
}

Json temporary(std::vector<std::string> command) {
  return behind_gate({{"command", std::move(command)}, {"restart", "temporary"}});
}

/// A display and a streamer that is pinged.
Json streaming(Json stream) {
  stream["name"] = "stream";
  stream["builtin"] = "stream";
  return Json::array({{{"name", "display"}, {"builtin", "display"}}, std::move(stream)});
}

Fault memory_used_up() {
  auto made = fault("memory used up", CauseKind::oom_kill, "subject",
                    temporary({"/home/user/faulty", "memory"}), [](Scene& scene) {
                      scene.bring("aerie-faulty", "faulty");
                      scene.open_gate();
                      scene.mark_end_of("subject");  // it takes its time to use all of it up
                    });
  made.prepare = [](Scene& scene) {
    const auto mounts = discover_cgroups();
    if (!mounts.limits_memory()) throw LeftOut(mounts.why);
    scene.options.set.emplace_back("guests.memoryMiB", "48");
  };
  return made;
}

/// Listens on a free port of the loopback, which these guests share.
void take_port(Scene& scene) {
  scene.held.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool is_taken = ::bind(scene.held.get(), generic, size) == 0 &&
                        ::listen(scene.held.get(), 1) == 0 &&
                        ::getsockname(scene.held.get(), generic, &size) == 0;
  if (!is_taken) throw std::runtime_error("no port could be taken");
  scene.word = std::to_string(ntohs(address.sin_port));
  scene.wish["env"] = {{"PORT", scene.word}};
  scene.options.set.emplace_back("guests.hostNetwork", "true");
}

Fault taken_port() {
  auto made = fault("a port that is taken", CauseKind::port_in_use, "",
                    temporary({"/home/user/faulty", "listen"}), [](Scene& scene) {
                      scene.bring("aerie-faulty", "faulty");
                      scene.open_gate();
                    });
  made.prepare = take_port;
  made.said = "Address already in use";
  return made;
}

Fault never_ready() {
  auto made =
      fault("a program that is never ready", CauseKind::not_ready, "subject",
            behind_gate({{"command", {"/bin/sleep", "1000"}},
                         {"restart", "temporary"},
                         {"ready", {{"kind", "line"}, {"pattern", "^never"}, {"withinMs", 300}}}}),
            [](Scene& scene) { scene.open_gate(); });
  made.due = 300ms;
  return made;
}

Fault hanging_streamer() {
  auto made = fault("a streamer that hangs", CauseKind::hung, "stream",
                    streaming({{"watchdogMs", 250}}), [](Scene& scene) {
                      scene.wait_for("child.ready", "stream");
                      const auto pid = scene.pid_of("stream");
                      scene.mark();
                      ::kill(pid, SIGSTOP);
                    });
  made.due = 500ms;  // a ping is sent, and the next one finds it unanswered
  return made;
}

Fault loop_of_crashes() {
  // As many ends as make one: the last of them counts.
  return fault("a program that crashes again and again", CauseKind::crash_loop, "subject",
               armed("exit 7"), [](Scene& scene) {
                 for (int run = 0; run <= 5; ++run)
                   scene.release(run);
               });
}

Fault words_too_long() {
  auto made = fault("arguments beyond the kernel's limit", CauseKind::quota, "/bin/true",
                    temporary({"/bin/true",
                               "${url}${url}${url}${url}${url}${url}${url}${url}${url}"
                               "${url}${url}${url}${url}${url}${url}${url}${url}${url}"}),
                    [](Scene& scene) { scene.open_gate(); });
  made.prepare = [](Scene& scene) { scene.wish["url"] = "data:," + std::string(8'000, 'x'); };
  return made;
}

}  // namespace

std::vector<Fault> faults_of_programs() {
  using enum CauseKind;
  auto exit = fault("a program that fails", exit_code, "code 7",
                    armed("echo last words >&2; exit 7"), release);
  exit.said = "last words";
  return {
      fault("a program that ends though it should stay", clean, "subject", armed("exit 0"),
            release),
      std::move(exit),
      fault("a program that crashes", CauseKind::signal, "SIGSEGV", armed("kill -SEGV $$"),
            release),
      fault("a program that is ended on purpose", killed, "subject", armed("exit 0"),
            [](Scene& scene) {
              scene.wait_for("child.ready", "subject");
              scene.mark();
              scene.world().http().remove("/api/v1/sessions/" + scene.session + "?force=true");
            }),
      memory_used_up(),
      fault("an instruction that this CPU lacks", illegal_instruction, "subject",
            temporary({"/home/user/faulty", "instruction"}),
            [](Scene& scene) {
              scene.bring("aerie-faulty", "faulty");
              scene.open_gate();
            }),
      taken_port(),
      never_ready(),
      hanging_streamer(),
      loop_of_crashes(),
      fault("a streamer without its elements", plugin_missing, "element",
            streaming({{"env",
                        {{"GST_PLUGIN_SYSTEM_PATH_1_0", "/nowhere"},
                         {"GST_REGISTRY", "/tmp/registry.bin"}}}}),
            [](Scene& scene) { scene.mark(scene.wait_for("child.ready", "display").at); }),
      words_too_long(),
  };
}

}  // namespace aerie::replay
