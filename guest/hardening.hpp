#pragma once

namespace aerie::guest {

/// The children may read neither our memory nor our descriptors, gain no privilege, leave no core
/// dumps, and come to us when their parents die (prctl(2)).
void harden();

/// From here on this thread, what it starts and what they start can connect to abstract Unix
/// sockets of each other only (landlock(7), scoped since ABI 6, Linux 6.12): abstract names are the
/// network namespace's, which guests may share with the host and each other. False on an older
/// kernel.
bool forbid_foreign_abstract_sockets();

}  // namespace aerie::guest
