// How far a page's flash and its beep are apart where a person sees and hears them, and what sound
// costs: the whole system, a browser as guest, a browser as viewer.

#include <map>
#include <thread>

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/processor_time.hpp"
#include "benchmarks/support/report.hpp"
#include "tests/support/chromium.hpp"
#include "tests/support/site.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr int beeps = 40;
constexpr int settling = 3;  // not counted
constexpr auto observed = 10s;

/// Each press of `b` flashes and beeps for 300 ms; `t` begins a steady tone, or ends it; `o` opens
/// the audio and plays nothing.
constexpr const char* player =
    "<!doctype html><body style='margin:0;background:#000;height:100vh'><script>let context,tone;"
    "const said=(text)=>fetch('/said',{method:'POST',body:text});onload=()=>said('loaded');"
    "const play=(seconds)=>{const one=context.createOscillator();one.frequency.value=880;"
    "one.connect(context.destination);one.start();if(seconds)one.stop(context.currentTime+seconds);"
    "return one};"
    "onkeydown=({key,repeat})=>{if(repeat)return;context=context||new AudioContext({latencyHint:"
    "'interactive'});if(key==='t'){if(tone)tone.stop();tone=tone?undefined:play()}"
    "if(key==='b')requestAnimationFrame(()=>{document.body.style.background='#fff';play(0.3);"
    "setTimeout(()=>{document.body.style.background='#000'},300)});said(key)};</script>";

/// Notes when the picture became bright and when sound began, both as the page presents them, in
/// milliseconds of its clock.
constexpr const char* observer =
    "window.peers = []; const Peer = RTCPeerConnection; window.RTCPeerConnection = class extends "
    "Peer { constructor(...all) { super(...all); peers.push(this); } };"
    "window.observe = () => { const video = document.querySelector('#screen');"
    "const brush = Object.assign(document.createElement('canvas'), {width: 1, height: "
    "1}).getContext('2d', {willReadFrequently: true}); let wasBright = false;"
    "const see = (now, {expectedDisplayTime}) => { brush.drawImage(video, video.videoWidth / 2, "
    "video.videoHeight / 2, 1, 1, 0, 0, 1, 1); const bright = brush.getImageData(0, 0, 1, "
    "1).data[0] > 128; if (bright && !wasBright) window.flashed = expectedDisplayTime; wasBright = "
    "bright; video.requestVideoFrameCallback(see); }; video.requestVideoFrameCallback(see);"
    "const track = peers.at(-1).getReceivers()[0].track; const context = new AudioContext();"
    "const analyser = Object.assign(context.createAnalyser(), {fftSize: 4096});"
    "context.createMediaStreamSource(new MediaStream([track])).connect(analyser);"
    "const wave = new Float32Array(analyser.fftSize); let quietSince = 0;"
    "setInterval(() => { analyser.getFloatTimeDomainData(wave); const end = context.currentTime;"
    "const at = wave.findIndex((sample) => Math.abs(sample) > 0.05); if (at < 0) { quietSince = "
    "end; return; } if (quietSince === null) return; quietSince = null;"
    "const heard = end - (wave.length - at) / context.sampleRate; const {contextTime, "
    "performanceTime} = context.getOutputTimestamp();"
    "window.beeped = performanceTime + (heard - contextTime) * 1000; }, 10); };";

/// A session whose guest has the player's page, and a viewer's page that listens.
class Scene {
 public:
  Scene()
      : session_(world_.start({{"url", site_.url()}})), page_(chromium_.new_page("about:blank")) {
    page_.in_every_document(observer);
    page_.open(world_.viewer(session_.id, session_.token));
    page_.wait_for(test::is_live, 60s);
    page_.wait_for("document.body.dataset.input === 'open'");
    site_.wait_for_post("loaded", 60s);
    std::this_thread::sleep_for(3s);  // the guest's browser has settled
    page_.click("#surface");
    auto events = world_.events();
    while (!children_.contains("stream") || !children_.contains("audio")) {
      const auto event = events.next_of("child.started");
      children_.try_emplace(event.data["child"], event.data["data"]["pid"].get<pid_t>());
    }
  }

  void listen() {
    page_.click("#sound");
    page_.wait_for("document.querySelector('#sound').dataset.sound === 'on'", 20s);
    page_.click("#surface");
  }

  void press(const std::string& key) {
    page_.type(key);
    site_.wait_for_post(key);
  }

  /// Percent of a core that a child takes while nothing but the time passes.
  std::map<std::string, double> cost() {
    std::this_thread::sleep_for(3s);
    std::map<std::string, double> before;
    for (const auto& [name, pid] : children_)
      before[name] = bench::processor_ms(pid);
    std::this_thread::sleep_for(observed);
    std::map<std::string, double> percent;
    for (const auto& [name, pid] : children_)
      percent[name] = 100 * (bench::processor_ms(pid) - before[name]) /
                      std::chrono::duration<double, std::milli>(observed).count();
    return percent;
  }

  /// How much later than the flash the beep was; positive where sound lags.
  double beep() {
    page_.evaluate("void (window.flashed = window.beeped = undefined)");
    press("b");
    const auto offset =
        page_.wait_for("flashed && beeped && {offset: beeped - flashed}", 10s)["offset"];
    std::this_thread::sleep_for(1500ms);  // until it is silent again
    return offset.get<double>();
  }

  test::Page& page() { return page_; }

 private:
  test::World world_{test::World::Set{{"guests.hostNetwork", "true"}}};
  test::Site site_{player};
  test::StartedSession session_;
  test::Chromium chromium_;
  test::Page page_;
  std::map<std::string, pid_t> children_;
};

void run(const std::string& path) {
  bench::Report report("audio", "Sound beside the picture: its offset and its cost");
  Scene scene;
  const auto add_cost = [&](const std::string& when) {
    for (const auto& [child, percent] : scene.cost())
      if (child == "stream" || child == "audio")
        report.add((child == "stream" ? "streamer, " : "PulseAudio, ") + when, "% of a core",
                   {percent});
  };
  add_cost("nobody listens");
  scene.listen();
  add_cost("a listener, nothing plays");
  scene.press("o");
  add_cost("a listener, a program plays silence");
  scene.press("t");
  add_cost("a listener, a tone");
  scene.press("t");
  scene.page().evaluate("void observe()");
  std::vector<double> offsets;
  for (int i = 0; i < settling + beeps; ++i) {
    const auto offset = scene.beep();
    if (i >= settling) offsets.push_back(offset);
  }
  // Later than that is noticed (ITU-R BT.1359-1).
  report.add("beep after flash", "ms", offsets, {.p50 = 125});
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "audio.json", run);
}
