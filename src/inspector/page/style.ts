/** How the inspector looks: light or dark, as the reader's system is. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --line: #dfe3ea; --text: #1b2230; --soft: #586274; --code: #f0f2f6;
  --accent: #1f6feb; --flow: #1a7f64; --warn: #b3261e; --wait: #9a6700; --fill: #cfe3ff; --bar: #1f6feb; --bar-in: #c9d6ea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151a; --card: #1a1f27; --line: #2d3440; --text: #e5e9ef; --soft: #9aa5b6; --code: #222833;
    --accent: #6cb0ff; --flow: #57d3a8; --warn: #ff8a80; --wait: #e3b341; --fill: #1d3a60; --bar: #4c94f0; --bar-in: #32425a;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 14px/1.5 system-ui, sans-serif; }
header { background: var(--card); border-bottom: 1px solid var(--line); position: sticky; top: 0; z-index: 1; }
header > div, main { max-width: 1240px; margin: 0 auto; padding: 0 24px; }
header > div { display: flex; flex-wrap: wrap; gap: 4px 28px; align-items: center; padding-top: 10px; padding-bottom: 10px; }
h1 { font-size: 17px; margin: 0; }
h2 { font-size: 15px; margin: 28px 0 10px; display: flex; gap: 10px; align-items: baseline; }
h2 small { color: var(--soft); font-weight: 400; font-size: 13px; }
h3 { font-size: 13px; margin: 16px 0 6px; color: var(--soft); font-weight: 600; }
dl.totals { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 0; flex: 1; }
dl.totals div { display: flex; gap: 6px; align-items: baseline; }
dl.totals dt { color: var(--soft); order: 1; }
dl.totals dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
button {
  font: inherit; color: var(--text); background: var(--code); border: 1px solid var(--line); border-radius: 6px;
  padding: 3px 14px; cursor: pointer;
}
button:hover { border-color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.scroll { overflow-x: auto; }
.empty { color: var(--soft); padding: 14px 16px; margin: 0; }
#lost { color: var(--warn); font-weight: 600; }
#lost:empty { display: none; }
code, .mono, td.mono, summary .what { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 12.5px; }

svg { display: block; margin: 0 auto; }
svg.fits { max-width: 100%; height: auto; }
.node rect.box { fill: var(--card); stroke: var(--line); stroke-width: 1.2; }
.node.moving rect.box { stroke: var(--flow); }
.node.waiting rect.box { stroke: var(--wait); }
.node.closed rect.box { stroke-dasharray: 4 3; }
.node.closed text { fill: var(--soft); }
.node rect.room { fill: var(--code); }
.node rect.fill { fill: var(--accent); }
.node.full rect.fill { fill: var(--warn); }
.node text { fill: var(--text); font: 12px system-ui, sans-serif; }
.node text.label { font-weight: 600; }
.node text.soft { fill: var(--soft); font-size: 11px; }
.node text.rate { fill: var(--flow); font-size: 11px; font-weight: 600; text-anchor: end; }
.edge path { fill: none; stroke: var(--soft); stroke-width: 1.3; opacity: .65; }
.edge.moving path { stroke: var(--flow); opacity: 1; stroke-width: 1.8; stroke-dasharray: 6 4; }
.edge text { fill: var(--soft); font: 11px system-ui, sans-serif; text-anchor: middle; paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
marker path { fill: var(--soft); }
@media (prefers-reduced-motion: no-preference) {
  .edge.moving path { animation: flow 0.8s linear infinite; }
  @keyframes flow { to { stroke-dashoffset: -10; } }
}

table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 6px 14px; vertical-align: top; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; font-size: 12.5px; white-space: nowrap; }
tbody tr { border-top: 1px solid var(--line); }
td.number, th.number { text-align: right; white-space: nowrap; }
td.mono { overflow-wrap: anywhere; }

.stack { padding: 12px 16px; }
.stack + .stack { border-top: 1px solid var(--line); }
.where { font-weight: 600; margin: 0 0 6px; }
ol.parts { display: flex; flex-wrap: wrap; gap: 6px 22px; margin: 0; padding: 0; list-style: none; }
ol.parts > li {
  background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: 1px 9px; position: relative;
  font: 12.5px/1.6 ui-monospace, Menlo, Consolas, monospace;
}
ol.parts > li:not(:last-child)::after { content: "\\2192"; position: absolute; right: -18px; color: var(--soft); }
ol.parts > li.last { background: var(--fill); border-color: transparent; }
ul.routes, ol.layers { margin: 10px 0 0; padding: 0 0 0 16px; list-style: none; border-left: 2px solid var(--line); }
ul.routes > li, ol.layers > li { padding: 4px 0; }
ol.layers { margin-top: 0; }

.request + .request { border-top: 1px solid var(--line); }
summary {
  display: grid; grid-template-columns: 78px minmax(0, 1fr) 64px 92px 190px; gap: 12px; align-items: center;
  padding: 6px 16px; cursor: pointer; list-style: none;
}
summary::-webkit-details-marker { display: none; }
summary:hover { background: var(--code); }
summary:focus-visible { outline-offset: -2px; }
summary .at { color: var(--soft); font-size: 12.5px; font-variant-numeric: tabular-nums; }
summary .what { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
summary .what b { display: inline-block; min-width: 52px; }
summary .what i { color: var(--soft); font-style: normal; }
summary .status { text-align: right; font-weight: 600; }
summary .took { text-align: right; font-variant-numeric: tabular-nums; }
.good { color: var(--flow); } .bad { color: var(--warn); } .soft { color: var(--soft); }
.track { position: relative; height: 10px; background: var(--code); border-radius: 3px; overflow: hidden; min-width: 90px; }
.track i { position: absolute; top: 0; bottom: 0; min-width: 2px; background: var(--bar-in); border-radius: 2px; }
.track i.own { background: var(--bar); }
.track i.failed { background: var(--warn); }
.detail { background: var(--page); border-top: 1px solid var(--line); padding: 8px 0; }
.detail td, .detail th { padding-top: 3px; padding-bottom: 3px; }
.detail tbody tr { border-top: 0; }
.detail table { table-layout: fixed; min-width: 560px; }
.detail th { width: 34%; }
.detail th.number { width: 11%; }
.detail th:last-child { width: auto; }
.detail td.track-cell { padding-top: 8px; }
.more > summary { display: block; color: var(--soft); }
footer { color: var(--soft); font-size: 13px; margin: 26px 0 44px; }
@media (max-width: 760px) {
  summary { grid-template-columns: minmax(0, 1fr) 44px 74px; }
  summary .at, summary .track { display: none; }
  header > div, main { padding-left: 14px; padding-right: 14px; }
}
`;
