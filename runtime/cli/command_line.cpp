#include "runtime/cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>

#include "build_info.hpp"
#include "runtime/cli/commands.hpp"

namespace aerie {
namespace {

using cli::CommonOptions;

/// What the command line says, before anything is done about it.
struct Parsed {
  CommonOptions common;
  bool as_json = false;
  bool effective = false;
  std::string id;
  std::string profile;
  std::string driver;
  std::string file;
  std::string root = "/";
  std::optional<std::string> command;
  bool by_lines = false;
  std::string vmlinux;
};

std::string versions() {
  std::ostringstream text;
  text << "aerie " << build_info::version << "\nCAF " << build_info::caf_version << "\nGStreamer "
       << build_info::gstreamer_version << "\nlibwebsockets " << build_info::libwebsockets_version
       << "\nnlohmann/json " << build_info::json_version << "\nCatch2 " << build_info::catch_version
       << "\nSQLite " << build_info::sqlite_version;
  return text.str();
}

void add_config_options(CLI::App& command, CommonOptions& options) {
  command.add_option("--config", options.config, "JSON file with the configuration")
      ->type_name("FILE");
  command.add_option("--set", options.sets, "one key of the configuration, as often as needed")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
}

CLI::App* add_serve(CLI::App& app, Parsed& parsed) {
  auto* command = app.add_subcommand("serve", "run the controller");
  add_config_options(*command, parsed.common);
  command->add_option("--listen", parsed.common.listen, "address; port 0 takes a free one")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command->add_flag("--stop-guests", parsed.common.stop_guests, "SIGTERM ends the guests too");
  return command;
}

CLI::App* add_why(CLI::App& app, Parsed& parsed) {
  auto* command =
      app.add_subcommand("why", "why is, or was, this session, VM or child in its state");
  command->add_option("ID", parsed.id, "session, VM, or SESSION/CHILD")->required();
  command->add_flag("--json", parsed.as_json, "one JSON document");
  return command;
}

CLI::App* add_doctor(CLI::App& app, Parsed& parsed) {
  auto* command = app.add_subcommand("doctor", "examine this host for what a session needs");
  add_config_options(*command, parsed.common);
  command->add_flag("--json", parsed.as_json, "one JSON document");
  command->add_option("--profile", parsed.profile, "for this profile")->type_name("NAME");
  command->add_option("--driver", parsed.driver, "for this driver")->type_name("NAME");
  command->add_option("--listen", parsed.common.listen, "the address to be listened on")
      ->type_name("HOST:PORT");
  return command;
}

CLI::App* add_config(CLI::App& app, Parsed& parsed) {
  auto* command =
      app.add_subcommand("config", "every key, its value, and where that value came from");
  add_config_options(*command, parsed.common);
  command->add_flag("--effective", parsed.effective, "a line a key: key, value, source");
  command->add_flag("--json", parsed.as_json, "one JSON document");
  return command;
}

CLI::App* add_console(CLI::App& app, Parsed& parsed) {
  auto* command = app.add_subcommand("console", "operators' actor console");
  command->add_option("-c", parsed.command, "one command; `help` lists them")->type_name("COMMAND");
  command->add_flag("--json", parsed.as_json, "one JSON document; with -f one a line");
  command->add_flag("--lines", parsed.by_lines, "command after command instead of the full screen");
  return command;
}

CLI::App* add_inspect(CLI::App& app, Parsed& parsed) {
  auto* command = app.add_subcommand("inspect", "can this program start in that root file system?");
  command->add_option("FILE", parsed.file, "a program: a path, or a name to be found in PATH")
      ->required();
  command->add_option("--root", parsed.root, "the root file system in which FILE is")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_flag("--json", parsed.as_json, "one JSON document");
  return command;
}

CLI::App* add_kernel(CLI::App& app, Parsed& parsed) {
  auto* command = app.add_subcommand("kernel", "kernels of VMs");
  command->require_subcommand(1);
  auto* extract = command->add_subcommand("extract", "write the ELF kernel within a bzImage");
  extract->add_option("BZIMAGE", parsed.file, "a kernel as Debian installs it")->required();
  extract->add_option("VMLINUX", parsed.vmlinux, "where it is written")->required();
  return command;
}

CLI::App* add_image(CLI::App& app, Parsed& parsed) {
  auto* command = app.add_subcommand("image", "images of VMs");
  command->require_subcommand(1);
  auto* save = command->add_subcommand(
      "save", "boot an image once and save the machine, so that later ones go on from there");
  save->add_option("PROFILE", parsed.profile, "what runs in it")->required();
  save->add_option("--driver", parsed.driver, "whose machine: qemu (default), firecracker")
      ->check(CLI::IsMember({"qemu", "firecracker"}));
  return command;
}

int refuse_usage(const CLI::App& app, const CLI::ParseError& error) {
  std::string what = error.what();
  if (what.empty()) what = "The command line can't be read";
  const auto subcommands = app.get_subcommands();
  const auto name = subcommands.empty() ? std::string() : " " + subcommands.front()->get_name();
  cli::tell_error(what, "See `aerie" + name + " --help`.");
  return cli::refused;
}

}  // namespace

int run_command_line(int argc, const char* const* argv, const ServeFunction& serve) {
  Parsed parsed;
  CLI::App app("Runtime for disposable browser machines", "aerie");
  app.set_version_flag("--version", versions());
  app.require_subcommand(1);
  // --state belongs to every command and stands before or after its name.
  app.fallthrough();
  app.add_option("--state", parsed.common.state, "where everything lives")->type_name("DIR");
  auto* serve_command = add_serve(app, parsed);
  auto* why_command = add_why(app, parsed);
  auto* doctor_command = add_doctor(app, parsed);
  auto* config_command = add_config(app, parsed);
  auto* console_command = add_console(app, parsed);
  auto* inspect_command = add_inspect(app, parsed);
  auto* kernel_command = add_kernel(app, parsed);
  auto* image_command = add_image(app, parsed);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success) == 0 ? cli::fine : cli::refused;
  } catch (const CLI::ParseError& error) {
    return refuse_usage(app, error);
  }
  if (serve_command->parsed()) return cli::run_serve(parsed.common, serve);
  if (why_command->parsed()) return cli::run_why(parsed.common, parsed.id, parsed.as_json);
  if (doctor_command->parsed())
    return cli::run_doctor(parsed.common, parsed.profile, parsed.driver, parsed.as_json);
  if (config_command->parsed())
    return cli::run_config(parsed.common, parsed.effective, parsed.as_json);
  if (console_command->parsed() && !parsed.command)
    return cli::run_console(parsed.common, parsed.as_json, parsed.by_lines);
  if (console_command->parsed())
    return cli::run_console_command(parsed.common, *parsed.command, parsed.as_json);
  if (inspect_command->parsed()) return cli::run_inspect(parsed.file, parsed.root, parsed.as_json);
  if (image_command->parsed())
    return cli::run_image_save(parsed.common, parsed.profile, parsed.driver);
  if (kernel_command->parsed()) return cli::run_kernel_extract(parsed.file, parsed.vmlinux);
  return cli::refused;
}

}  // namespace aerie
