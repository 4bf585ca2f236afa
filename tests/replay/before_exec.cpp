// What keeps a program from being one: found before its first instruction.

#include <fstream>
#include <iterator>

#include "tests/replay/scene.hpp"

namespace aerie::replay {
namespace {

Json subject(const std::string& program) {
  return behind_gate({{"command", {"/home/user/" + program}}});
}

/// The first bytes of a program that works.
std::string cut_short() {
  std::ifstream file{fixture("aerie-faulty"), std::ios::binary};
  std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  bytes.resize(100);
  return bytes;
}

Fault fault(const std::string& name, CauseKind kind, const std::string& names, Json children,
            std::function<void(Scene&)> bring) {
  Fault made;
  made.name = name;
  made.kind = kind;
  made.names = names;
  made.children = std::move(children);
  made.plant = [bring = std::move(bring)](Scene& scene) {
    scene.start();
    bring(scene);
    scene.open_gate();
  };
  return made;
}

}  // namespace

std::vector<Fault> faults_before_exec() {
  using enum CauseKind;
  return {
      fault("a program that is not there", exec_not_found, "/home/user/absent", subject("absent"),
            [](Scene&) {}),
      fault("a program without its permission", exec_not_executable, "/home/user/plain",
            subject("plain"), [](Scene& scene) { scene.write("plain", "#!/bin/sh\n", false); }),
      fault("a program cut short", exec_wrong_format, "/home/user/short", subject("short"),
            [](Scene& scene) { scene.write("short", cut_short()); }),
      fault("a script whose interpreter is not there", interpreter_missing, "/nowhere/python9",
            subject("script"), [](Scene& scene) { scene.write("script", "#!/nowhere/python9\n"); }),
      fault("a program whose loader is not there", loader_missing, "ld-aerie.so.1", subject("lost"),
            [](Scene& scene) { scene.bring("aerie-lost-loader", "lost"); }),
      fault("a library that is not there", library_missing, "libaerie-fault.so.1", subject("needs"),
            [](Scene& scene) { scene.bring("aerie-needs-library", "needs"); }),
      fault("a library that is too old", symbol_missing, "AERIE_FAULT_2", subject("needs"),
            [](Scene& scene) {
              scene.bring("aerie-needs-library", "needs");
              scene.bring("old/libaerie-fault.so.1", "libaerie-fault.so.1");
            }),
      fault("a variable that is not set", environment_missing, "AGENT_KEY",
            behind_gate({{"command", {"/bin/true"}}, {"requireEnv", {"AGENT_KEY"}}}),
            [](Scene&) {}),
  };
}

}  // namespace aerie::replay
