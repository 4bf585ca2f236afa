#include "runtime/process/reactor.hpp"

#include <future>
#include <mutex>
#include <pthread.h>
#include <signal.h>
#include <thread>
#include <utility>

#include "runtime/process/reactor_loop.hpp"

namespace aerie {

// -- Watch ---------------------------------------------------------------------------------------

Watch::Watch(Watch&& other) noexcept
    : loop_(std::move(other.loop_)), id_(std::exchange(other.id_, 0)) {}

Watch& Watch::operator=(Watch&& other) noexcept {
  if (this != &other) {
    reset();
    loop_ = std::move(other.loop_);
    id_ = std::exchange(other.id_, 0);
  }
  return *this;
}

void Watch::reset() {
  const auto id = std::exchange(id_, 0);
  if (id == 0) return;
  if (const auto loop = loop_.lock()) loop->remove(id);
}

void Watch::set_events(std::uint32_t events) {
  if (const auto loop = loop_.lock(); loop && id_ != 0) loop->modify(id_, events);
}

// -- Reactor -------------------------------------------------------------------------------------

/// The thread and what ends it.
class Reactor::Thread {
 public:
  explicit Thread(std::shared_ptr<ReactorLoop> loop) : loop_(std::move(loop)) {
    // Threads inherit the mask: signals are the main thread's business.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      thread_ = std::thread([this] { loop_->run(); });
      id_ = thread_.get_id();
    } catch (...) {
      ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
      throw;
    }
    ::pthread_setname_np(thread_.native_handle(), "aerie-reactor");
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  [[nodiscard]] bool is_current() const { return std::this_thread::get_id() == id_; }

  void stop() {
    std::call_once(stopped_, [this] {
      loop_->request_stop();
      thread_.join();
    });
  }

 private:
  std::shared_ptr<ReactorLoop> loop_;
  std::once_flag stopped_;
  std::thread thread_;
  std::thread::id id_;  // kept, as a joined thread forgets its own
};

Reactor::Reactor()
    : loop_(std::make_shared<ReactorLoop>()), thread_(std::make_unique<Thread>(loop_)) {}

Reactor::~Reactor() {
  stop();
}

bool Reactor::post(Task task) {
  return loop_->post(std::move(task));
}

void Reactor::call(const Task& task) {
  if (on_thread()) return task();
  // Kept by the task itself: were it to outlive this call, it would not touch a dead promise.
  const auto done = std::make_shared<std::promise<void>>();
  auto finished = done->get_future();
  const bool posted = post([&task, done] {
    try {
      task();
      done->set_value();
    } catch (...) {
      done->set_exception(std::current_exception());
    }
  });
  if (posted) return finished.get();
  stop();  // whoever stops it, it has ended when this returns
  task();
}

Result<Watch> Reactor::watch(int fd, std::uint32_t events, FdCallback callback) {
  return loop_->add(fd, events, std::move(callback)).map([this](std::uint64_t id) {
    return Watch{loop_, id};
  });
}

TimerId Reactor::after(Duration delay, Task task) {
  return loop_->after(delay, std::move(task));
}

bool Reactor::cancel(TimerId timer) {
  return loop_->cancel(timer);
}

bool Reactor::on_thread() const {
  return thread_->is_current();
}

void Reactor::stop() {
  thread_->stop();
}

}  // namespace aerie
