#include "tests/sim/tombstones.hpp"

#include "tests/sim/judge.hpp"

namespace aerie::sim {

class Tombstones::Port final : public TombstoneStore {
 public:
  Port(Tombstones& files, std::uint64_t life) : files_(files), life_(life) {}
  void write(TombstoneOrder order, Written done) override {
    if (files_.life_ == life_) files_.write(order, done);
  }
  void explain(TombstoneQuestion, Explained done) override {
    if (files_.life_ == life_) files_.later([done = std::move(done)] { done(nullptr); });
  }
  void remove(const std::string& session, Removed done) override {
    if (files_.life_ == life_) files_.remove(session, done);
  }

 private:
  Tombstones& files_;
  std::uint64_t life_;
};

class Tombstones::Logs final : public LogStore {
 public:
  Logs(Tombstones& files, std::uint64_t life) : files_(files), life_(life) {}
  void append(const std::string&, const link::LogLines&, Instant) override {}
  void assign(const std::string&, const std::string&) override {}
  void close(const std::string&) override {}
  void remove(const std::string&, Removed done) override {
    if (files_.life_ == life_) files_.later([done = std::move(done)] { done(std::nullopt); });
  }

 private:
  Tombstones& files_;
  std::uint64_t life_;
};

std::shared_ptr<TombstoneStore> Tombstones::open() {
  return std::make_shared<Port>(*this, life_);
}

std::shared_ptr<LogStore> Tombstones::open_logs() {
  return std::make_shared<Logs>(*this, life_);
}

void Tombstones::later(Agenda::Task task) {
  agenda_.after(disk_.latency(), [this, life = life_, task = std::move(task)] {
    if (life == life_) task();
  });
}

void Tombstones::write(const TombstoneOrder& order, const TombstoneStore::Written& done) {
  later([this, order, done] {
    if (disk_.is_full())
      return done(tl::unexpected(Cause{CauseKind::disk_full, "The disk is full.", "", {}}));
    guests_[order.document->id].insert(order.vms.begin(), order.vms.end());
    done(std::int64_t{1'000});
  });
}

void Tombstones::remove(const std::string& session, const TombstoneStore::Removed& done) {
  judge_.on_tombstone_removed(session);
  later([this, session, done] {
    guests_.erase(session);
    done(std::nullopt);
  });
}

bool Tombstones::has(const std::string& session, const std::string& vm) const {
  const auto found = guests_.find(session);
  return found != guests_.end() && found->second.contains(vm);
}

}  // namespace aerie::sim
