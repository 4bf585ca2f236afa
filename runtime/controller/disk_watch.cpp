#include "runtime/controller/disk_watch.hpp"

#include <filesystem>

#include "actors/core/actor.hpp"

namespace aerie {
namespace {

constexpr Duration period{5000};

}  // namespace

DiskWatch::DiskWatch(Reactor& reactor, EnvironmentPtr environment, std::string path)
    : reactor_(reactor), environment_(std::move(environment)), path_(std::move(path)) {
  reactor_.post([this] { look(); });
}

DiskWatch::~DiskWatch() {
  reactor_.call([this] { reactor_.cancel(timer_); });
}

void DiskWatch::look() {
  std::error_code error;
  const auto space = std::filesystem::space(path_, error);
  const DiskSpace told{static_cast<std::int64_t>(space.available),
                       static_cast<std::int64_t>(space.capacity)};
  const auto reaper = environment_->directory.reaper();
  const auto node = environment_->directory.node();
  if (!error && reaper) post(reaper, told);
  if (!error && node) post(node, told);
  timer_ = reactor_.after(period, [this] { look(); });
}

}  // namespace aerie
