// Scripts only enhance pages that work without them. Each module listens on the
// document and finds its elements by data attributes, so fetched dialogs need no setup.
import "./theme-switch.js";
import "./menu.js";
import "./filter.js";
import "./copy.js";
import "./upload.js";
import "./poll.js";
import "./once.js";
import "./expiry.js";
import "./may.js";
import "./policy.js";
import "./policy-tools.js";
import "./secret.js";
import "./dialog.js";
import "./search.js";
import "./shortcuts.js";
import "./errors.js";
import "./bulk.js";
import "./changed.js";
import "./zone.js";
import "./fragment.js";
import "./passkey.js";
