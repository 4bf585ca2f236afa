#include "guest/examiner.hpp"

#include <filesystem>
#include <tuple>
#include <utility>

namespace aerie::guest {

Examiner::Examiner(Reactor& reactor) : reactor_(reactor) {
  std::error_code ignored;
  auto root = preflight::FileRoot::open("/", std::filesystem::current_path(ignored).string());
  if (root)
    preflight_.emplace(std::make_shared<const preflight::FileRoot>(std::move(*root)));
  else
    root_fault_ = root.error();
}

Examiner::~Examiner() {
  is_closing_ = true;
  worker_.stop();
}

void Examiner::examine(ChildPrograms child, OnResult on_result) {
  worker_.post([this, child = std::move(child), on_result = std::move(on_result),
                weak = std::weak_ptr<bool>{alive_}] {
    if (is_closing_) return;
    reactor_.post([fault = look_at(child), on_result, weak] {
      if (!weak.expired()) on_result(fault);
    });
  });
}

void Examiner::prepare(ChildPrograms child) {
  worker_.post([this, child = std::move(child)] {
    // What is wrong is said when the child is to be started; it may be mended by then.
    if (!is_closing_) std::ignore = look_at(child);
  });
}

std::optional<Cause> Examiner::look_at(const ChildPrograms& child) const {
  if (root_fault_) return root_fault_;
  for (const auto& program : child.programs)
    if (auto fault = preflight_->examine(program).fault) return fault;
  if (child.is_streamer) return preflight_->examine_media(child.programs.front());
  return std::nullopt;
}

}  // namespace aerie::guest
