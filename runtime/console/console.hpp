#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/core/actor.hpp"
#include "actors/core/environment.hpp"
#include "runtime/console/actor_tree.hpp"
#include "runtime/console/command_words.hpp"
#include "runtime/console/console_reply.hpp"
#include "runtime/console/process_usage.hpp"
#include "runtime/gateway/api/log_reader.hpp"

namespace aerie {

/// What the console actor needs of the world.
struct ConsoleWorld {
  using Task = std::function<void()>;
  std::shared_ptr<LogReader> logs;
  std::function<void(Task)> on_disk;   ///< runs what reads files, on another thread
  std::function<void(Task)> on_bench;  ///< runs what takes seconds, on another thread
  std::function<Json()> examine;       ///< the doctor's answer: `{ok, checks}`
};

/// The console actor.
/// Job: carries out operators' commands, the same for terminal, browser and scripts.
/// Owns: the commands that go on (logs, events, traces, watchers of the tree).
/// Sends: questions to ledger and node, wishes to sessions, VMs, supervisors and the reaper.
/// Ends: with its supervisor; commands under way end with it.
class Console : public Actor<ConsoleActor> {
 public:
  Console(caf::actor_config& config, EnvironmentPtr environment, ConsoleWorld world);

  Behavior make_behavior() override;
  void on_exit() override;

 protected:
  [[nodiscard]] Json describe() const override;

 private:
  using Reply = std::shared_ptr<ConsoleReply>;

  /// What an id in a command stands for.
  struct Subject {
    std::string kind;  ///< `session`, `vm` or an actor's
    std::string id;
    SessionDocumentPtr session;  ///< of a session, and of a VM that is or was one's guest
    VmDocumentPtr vm;            ///< of a VM that is there
    bool has_actor = false;
  };
  using WithSubject = std::function<void(const Subject& subject)>;

  /// A command that goes on.
  struct Running {
    Reply reply;
    std::string kind;  ///< the command's name
    std::string subject;
    std::optional<std::uint64_t> log_follower;
    Json gathered;
    bool is_full_sent = false;  ///< to a watcher: it knows the whole tree
  };

  // console.cpp: what a line means
  void run(const RunCommand& wish);
  void perform(const Reply& reply, const Command& command);
  void stop(const Reply& reply);
  void on_news(CommandNews& news);
  void on_timer(std::uint64_t ticket);
  std::uint64_t begin(Running running);
  void end(std::uint64_t number, std::optional<CommandFault> fault = std::nullopt);
  static void answer(const Reply& reply, Json document);
  static void answer_list(const Reply& reply, const std::vector<Json>& items);
  static void fail(const Reply& reply, std::string code, std::string message, std::string remedy,
                   int status = 1);
  [[nodiscard]] static std::function<void(const caf::error&)> unanswered(const Reply& reply);
  [[nodiscard]] std::function<void(Json, bool)> news_of(std::uint64_t number);

  // console_subjects.cpp: what an id means
  void with_subject(const Reply& reply, const std::string& word, WithSubject act);
  void choose_subject(const Reply& reply, const std::string& word,
                      const std::vector<SessionDocumentPtr>& sessions,
                      const std::vector<VmDocumentPtr>& vms, const WithSubject& act);
  /// For commands that are about a session.
  void with_session(const Reply& reply, const std::string& word, WithSubject act);

  // console_views.cpp: what only shows
  void show_tree(const Reply& reply);
  void show_processes(const Reply& reply);
  void show_top(const Reply& reply, const Command& command);
  void take_top(std::uint64_t number);
  void inspect(const Reply& reply, const Subject& subject);
  void explain(const Reply& reply, const std::string& word);
  void show_leases(const Reply& reply);
  void show_holds(const Reply& reply);
  void examine(const Reply& reply);
  static void show_help(const Reply& reply, const Command& command);

  // console_actions.cpp: what changes something
  void hold(const Reply& reply, const Subject& subject, const Hold& hold);
  void release(const Reply& reply, const Subject& subject, const std::string& name);
  template <class OfLiving, class OfEnded>
  void change_hold(const Reply& reply, const std::string& session, OfLiving living, OfEnded ended);
  void touch_child(const Reply& reply, const Subject& subject, const std::string& child,
                   std::optional<int> signal);
  void touch_guest(const Reply& reply, const std::string& vm, const std::string& child,
                   std::optional<int> signal);
  void touch_actor(const Reply& reply, const std::string& supervisor, const std::string& child,
                   std::optional<int> signal);
  void pause(const Reply& reply, const Subject& subject, bool is_paused);
  void retire(const Reply& reply, const Subject& subject, const Command& command);
  void drain(const Reply& reply, bool is_draining);

  // console_streams.cpp: what goes on
  void read_logs(const Reply& reply, const Subject& subject, const std::string& child,
                 const Command& command);
  void read_events(const Reply& reply, const std::string& subject, const Command& command);
  void trace(const Reply& reply, const Subject& subject, bool follows);
  void watch(const Reply& reply);
  void refresh_watchers();
  void measure_rates();
  void ask_usage();
  void take_usage(const Json& usage);

  static constexpr std::uint64_t tick_ticket = 0;     ///< of figures, while somebody watches
  static constexpr std::uint64_t refresh_ticket = 1;  ///< of changes that wait for company
  static constexpr std::uint64_t usage_news = 0;      ///< numbers of news that are no command's
  static constexpr std::uint64_t trace_news = 1;
  static constexpr std::uint64_t first_number = 16;  ///< of commands; their timers' tickets too

  EnvironmentPtr environment_;
  ConsoleWorld world_;
  std::map<std::uint64_t, Running> running_;
  std::uint64_t next_number_ = first_number;

  // What watchers see.
  std::map<std::string, TreeNode> seen_;            ///< by id, as last told
  std::map<std::string, std::uint64_t> processed_;  ///< by id, at the last tick
  std::map<std::string, double> rates_;             ///< messages a second
  std::map<std::int64_t, ProcessUsage> usage_;      ///< by pid
  std::map<std::int64_t, double> cpu_percent_;      ///< by pid
  Duration tick_at_{0};
  Duration usage_at_{0};
  Duration refreshed_at_{0};
  Duration refresh_took_{0};
  bool is_refresh_set_ = false;
  bool is_ticking_ = false;
  std::shared_ptr<std::atomic<bool>> is_told_of_change_ =
      std::make_shared<std::atomic<bool>>(false);
};

}  // namespace aerie
