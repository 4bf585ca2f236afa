#include "guest/stream/fan_out.hpp"

#include <algorithm>
#include <gst/app/gstappsrc.h>

namespace aerie::stream {
namespace {

/// A unit no larger than this was not held back by the rate: encoders spend the bits of a frame's
/// time, several times as much, on a picture that still has to become sharper.
constexpr gsize most_settled_bytes = 2048;

}  // namespace

namespace {

using std::chrono::steady_clock;

/// Pixels; 0: its caps do not tell.
int width_of(GstSample* sample) {
  int width = 0;
  gst_structure_get_int(gst_caps_get_structure(gst_sample_get_caps(sample), 0), "width", &width);
  return width;
}

constexpr guint64 most_units = 30;  // before the payloader, which normally takes each at once
/// Of what the leader has before the network: a picture later than that is better not encoded yet.
constexpr std::chrono::milliseconds most_ahead{80};

}  // namespace

bool PeerFeed::push(GstSample* unit) {
  const bool is_key =
      !GST_BUFFER_FLAG_IS_SET(gst_sample_get_buffer(unit), GST_BUFFER_FLAG_DELTA_UNIT);
  const auto waits = waiting();
  {
    const std::scoped_lock lock{mutex_};
    if (!policy_.takes(is_key, waits)) return policy_.asks(waits, steady_clock::now());
  }
  gst_app_src_push_sample(GST_APP_SRC(source_.get()), unit);
  return false;
}

bool PeerFeed::asks_key() {
  const auto waits = waiting();
  const std::scoped_lock lock{mutex_};
  return policy_.asks(waits, steady_clock::now());
}

void PeerFeed::set_dark(bool is_dark) {
  const std::scoped_lock lock{mutex_};
  policy_.set_dark(is_dark);
}

void PeerFeed::start_afresh() {
  const std::scoped_lock lock{mutex_};
  policy_.start_afresh();
}

std::chrono::milliseconds PeerFeed::waiting() const {
  if (gst_app_src_get_current_level_buffers(GST_APP_SRC(source_.get())) >= most_units)
    return DropPolicy::most_waiting;
  return pacer_ ? pacer_->waiting() : std::chrono::milliseconds{0};
}

bool PeerFeed::takes_skipped() {
  return waiting() < most_ahead && has_skipped_.exchange(false);
}

bool PeerFeed::is_behind() {
  const std::scoped_lock lock{mutex_};
  return has_skipped_ || policy_.needs_key();
}

std::optional<Cause> FanOut::add(Codec codec, std::shared_ptr<PeerFeed> feed) {
  auto lane = lane_of(codec);
  if (!lane) {
    auto opened = open_lane(codec);
    if (!opened) return opened.error();
    lane = std::move(*opened);
  }
  {
    const std::scoped_lock lock{lane->mutex};
    lane->feeds.push_back(std::move(feed));
  }
  request_key_of(*lane);
  return std::nullopt;
}

/// Hardware that does not start, or breaks, is not chosen again; the next one is.
Result<std::shared_ptr<FanOut::Lane>> FanOut::open_lane(Codec codec) {
  const auto lane = std::make_shared<Lane>();
  lane->choice = chooser_.choose(codec);
  const auto* kind = lane->choice.kind;
  if (kind == nullptr)
    return tl::unexpected(Cause{CauseKind::plugin_missing,
                                "There is no encoder: " + lane->choice.reason,
                                "Install the GStreamer packages that the doctor names.",
                                {}});
  auto* raw = lane.get();  // the lane owns the encoder, so it outlives the encoder's callbacks
  auto encoder =
      Encoder::create(*kind, format_, clock_,
                      {.unit = [this, codec, raw](GstSample* unit) { deliver(codec, *raw, unit); },
                       .failed =
                           [this, codec, kind](Cause cause) {
                             chooser_.rule_out(*kind, cause.message);
                             events_.failed(codec, std::move(cause));
                           }});
  if (!encoder && kind->is_hardware) {
    chooser_.rule_out(*kind, encoder.error().message);
    return open_lane(codec);
  }
  if (!encoder) return tl::unexpected(encoder.error());
  lane->encoder = std::move(*encoder);
  lane->format = format_;
  lane->target = bitrate_of(format_);
  lane->rate = full_rate(lane->target);
  const std::scoped_lock lock{mutex_};
  lanes_[codec] = lane;
  return lane;
}

std::optional<EncoderChooser::Choice> FanOut::choice(Codec codec) {
  const auto lane = lane_of(codec);
  return lane ? std::optional{lane->choice} : std::nullopt;
}

void FanOut::remove(Codec codec, const std::shared_ptr<PeerFeed>& feed) {
  const auto lane = lane_of(codec);
  if (!lane) return;
  {
    const std::scoped_lock lock{lane->mutex};
    std::erase(lane->feeds, feed);
    if (lane->leader == feed) lane->leader.reset();
    if (!lane->feeds.empty()) return;
  }
  const std::scoped_lock lock{mutex_};
  lanes_.erase(codec);  // `lane` still holds it: the encoder stops after the lock is gone
}

void FanOut::stop() {
  Lanes ending;
  const std::scoped_lock lock{mutex_};
  std::swap(ending, lanes_);
}

std::vector<std::pair<Codec, EncodeMeter::Figures>> FanOut::take_figures() {
  const std::scoped_lock lock{mutex_};
  std::vector<std::pair<Codec, EncodeMeter::Figures>> all;
  for (const auto& [codec, lane] : lanes_)
    all.emplace_back(codec, lane->encoder->take_figures());
  return all;
}

void FanOut::push(GstSample* picture, PictureUse use) {
  for (const auto& [codec, lane] : lanes())
    push_to(codec, *lane, picture, use);
}

void FanOut::push_to(Codec codec, Lane& lane, GstSample* picture, PictureUse use) {
  lane.whole_width = width_of(picture);
  const bool has_other_size = plan_size(lane, use);
  if (has_other_size) events_.halved(codec, lane.is_halved);
  // The first picture of another size is a key frame, and others have to sharpen it.
  if (has_other_size && use == PictureUse::keep_alive) return events_.frame_wanted();
  if (!admits(lane)) return;
  const auto half = lane.is_halved ? lane.halver.half_of(picture) : GstPtr<GstSample>{};
  lane.encoder->push(half ? half.get() : picture, lane.key_pending ? PictureUse::repeat : use);
}

/// True: the lane's pictures have another size now.
bool FanOut::plan_size(Lane& lane, PictureUse use) {
  const std::scoped_lock lock{lane.plan_mutex};
  const auto& [width, height, fps] = lane.format;
  const bool halves =
      lane.size_plan.halves(use, lane.target, least_whole_bitrate(width, height, fps),
                            steady_clock::now()) &&
      !has_whole_feed(lane);
  if (std::exchange(lane.is_halved, halves) == halves) return false;
  plan_rate(lane);
  return true;
}

bool FanOut::has_whole_feed(Lane& lane) {
  const std::scoped_lock lock{lane.mutex};
  return std::any_of(lane.feeds.begin(), lane.feeds.end(),
                     [](const auto& feed) { return feed->sizes() == PeerFeed::Sizes::whole; });
}

/// With the lane's `plan_mutex` held.
void FanOut::plan_rate(Lane& lane) {
  const int divisor = lane.is_halved ? 2 : 1;
  const auto rate = encoder_rate(lane.target, bitrate_of(lane.format), lane.format.width / divisor,
                                 lane.format.height / divisor, lane.format.fps);
  {
    const std::scoped_lock lock{lane.mutex};
    if (std::exchange(lane.rate, rate) == rate) return;
    lane.next_at = {};
  }
  lane.encoder->set_rate(rate);
}

bool FanOut::admits(Lane& lane) {
  const auto now = steady_clock::now();
  const std::scoped_lock lock{lane.mutex};
  const bool is_late = lane.leader && lane.leader->waiting() >= most_ahead;
  if (is_late || now < lane.next_at) {
    if (lane.leader) lane.leader->note_skipped();
    return false;
  }
  if (lane.rate.least_gap > lane.rate.least_gap.zero()) lane.next_at = now + lane.rate.least_gap;
  return true;
}

void FanOut::set_target(Codec codec, int target, std::shared_ptr<PeerFeed> leader) {
  const auto lane = lane_of(codec);
  if (!lane) return;
  {
    const std::scoped_lock lock{lane->mutex};
    lane->leader = std::move(leader);
  }
  const std::scoped_lock lock{lane->plan_mutex};
  lane->target = target;
  plan_rate(*lane);
}

void FanOut::set_format(const VideoFormat& format) {
  format_ = format;
  for (const auto& [codec, lane] : lanes()) {
    const std::scoped_lock lock{lane->plan_mutex};
    lane->format = format;
  }
}

FanOut::Lanes FanOut::lanes() {
  const std::scoped_lock lock{mutex_};
  return lanes_;
}

void FanOut::request_key(Codec codec) {
  if (const auto lane = lane_of(codec)) request_key_of(*lane);
}

void FanOut::request_key_of(Lane& lane) {
  if (lane.key_pending.exchange(true)) return;
  lane.encoder->request_key();
  events_.frame_wanted();
}

void FanOut::deliver(Codec codec, Lane& lane, GstSample* unit) {
  if (!GST_BUFFER_FLAG_IS_SET(gst_sample_get_buffer(unit), GST_BUFFER_FLAG_DELTA_UNIT))
    lane.key_pending = false;
  std::vector<std::shared_ptr<PeerFeed>> feeds;
  {
    const std::scoped_lock lock{lane.mutex};
    feeds = lane.feeds;
  }
  // Of before a peer came that takes whole ones alone, halved pictures may still be under way.
  if (is_halved(lane, unit))
    std::erase_if(feeds, [](const auto& feed) { return feed->sizes() == PeerFeed::Sizes::whole; });
  const auto starved =
      std::count_if(feeds.begin(), feeds.end(), [&](const auto& feed) { return feed->push(unit); });
  if (starved > 0) request_key(codec);
  note_size(lane, gst_sample_get_buffer(unit));
}

bool FanOut::is_halved(const Lane& lane, GstSample* unit) {
  return width_of(unit) < lane.whole_width;
}

void FanOut::note_size(Lane& lane, GstBuffer* unit) {
  const auto time = GST_BUFFER_PTS(unit);
  const bool is_small = gst_buffer_get_size(unit) <= most_settled_bytes;
  lane.settled_at = is_small ? time : GST_CLOCK_TIME_NONE;
  if (!is_small) return;
  {
    const std::scoped_lock lock{mutex_};
    for (const auto& [codec, other] : lanes_)
      if (other->settled_at != time) return;
  }
  events_.settled(time);
}

std::shared_ptr<FanOut::Lane> FanOut::lane_of(Codec codec) {
  const std::scoped_lock lock{mutex_};
  const auto found = lanes_.find(codec);
  return found == lanes_.end() ? nullptr : found->second;
}

}  // namespace aerie::stream
