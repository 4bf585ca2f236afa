#include "guest/supervisor_ports.hpp"

#include <utility>

namespace aerie::guest {

ReactorChildHost::ReactorChildHost(Reactor& reactor, std::shared_ptr<ProcessChildren> children)
    : reactor_(reactor), children_(std::move(children)) {}

void ReactorChildHost::start(const std::string& child, std::uint64_t run) {
  reactor_.post([children = children_, child, run] { children->start(child, run); });
}

void ReactorChildHost::stop(const std::string& child, std::uint64_t run, Duration grace,
                            const std::string& by) {
  reactor_.post(
      [children = children_, child, run, grace, by] { children->stop(child, run, grace, by); });
}

void ReactorChildHost::signal(const std::string& child, std::uint64_t run, int signal,
                              const std::string& by, const std::optional<Cause>& reason) {
  reactor_.post([children = children_, child, run, signal, by, reason] {
    children->signal(child, run, signal, by, reason);
  });
}

ReactorListener::ReactorListener(Reactor& reactor, Events events)
    : reactor_(reactor), events_(std::move(events)) {}

void ReactorListener::on_news(const link::ChildNews& news) {
  reactor_.post([tell = events_.on_news, news] { tell(news); });
}

void ReactorListener::on_all_ready() {
  reactor_.post(events_.on_all_ready);
}

void ReactorListener::on_finished(const std::optional<Cause>& cause) {
  reactor_.post([tell = events_.on_finished, cause] { tell(cause); });
}

}  // namespace aerie::guest
