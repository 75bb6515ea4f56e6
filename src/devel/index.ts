/** What development pages are made of. */
export { faultPage } from "./fault-page.js";
export { faultsText } from "./faults.js";
export { html, htmlPage, type Markup } from "./html.js";
export { otherTable, standardTable } from "./request-table.js";
export { showValue } from "./secrets.js";
export { STYLE } from "./style.js";
