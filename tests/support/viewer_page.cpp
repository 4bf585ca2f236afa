#include "tests/support/viewer_page.hpp"

namespace aerie::test {

std::string shows(const Colour& colour) {
  const auto near = [](const char* part, int value) {
    return "Math.abs(" + std::string(part) + " - " + std::to_string(value) + ") < 40";
  };
  return "(() => { const video = document.querySelector('#screen'); if (!video.videoWidth) return "
         "false; const canvas = window.probe ||= Object.assign(document.createElement('canvas'), "
         "{width: 16, height: 16}); const brush = canvas.getContext('2d', {willReadFrequently: "
         "true}); brush.drawImage(video, 0, 0, 16, 16); const [red, green, blue] = "
         "brush.getImageData(8, 11, 1, 1).data; return " +
         near("red", colour.red) + " && " + near("green", colour.green) + " && " +
         near("blue", colour.blue) + "; })()";
}

}  // namespace aerie::test
