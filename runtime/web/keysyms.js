// The keysym tables, as noVNC publishes and keeps them (npm @novnc/novnc, MPL-2.0).

import special from '../vendor/novnc/core/input/domkeytable.js';
import fixed from '../vendor/novnc/core/input/fixedkeys.js';
import characters from '../vendor/novnc/core/input/keysymdef.js';

export const keysymTables = { special, fixed, characters };
