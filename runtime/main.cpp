#include "runtime/cli/command_line.hpp"
#include "runtime/cli/serve_controller.hpp"

int main(int argc, char** argv) {
  return aerie::run_command_line(argc, argv, aerie::serve_controller);
}
