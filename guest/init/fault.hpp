#pragma once

#include "messages/cause.hpp"

namespace aerie::init {

/// Says on the serial console why this guest can't go on, in a line that the host understands:
///
///     aerie-init: fault KIND: MESSAGE
///
/// and turns the machine off. For what goes wrong before there is a link.
[[noreturn]] void give_up(const Cause& cause);

/// Ends the machine as its VMM understands it.
[[noreturn]] void end_machine();

/// A line for people on the serial console.
void say(const std::string& text);

}  // namespace aerie::init
