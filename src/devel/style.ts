/** How the pages for developers look: light or dark, as the reader's system is. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #e1e4ea; --text: #1c2330; --soft: #5d6778;
  --accent: #b3261e; --tint: #fdecea; --code: #fafbfc; --mark: #fff1ef; --name: #7a3e9d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171c; --card: #1b2027; --line: #2e3540; --text: #e4e8ee; --soft: #97a1b1;
    --accent: #ff8a80; --tint: #3a2120; --code: #171b21; --mark: #35211f; --name: #cfa3ec;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
header { background: var(--card); border-bottom: 1px solid var(--line); border-top: 4px solid var(--accent); }
header > *, main { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
header { padding: 24px 0; }
main { padding-bottom: 48px; }
.asked { color: var(--soft); font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
h1 { font-size: 24px; line-height: 1.35; margin: 4px auto; overflow-wrap: anywhere; white-space: pre-wrap; }
h1 .name, h2 .name { color: var(--accent); }
h2 { font-size: 17px; margin: 36px 0 12px; overflow-wrap: anywhere; white-space: pre-wrap; }
h2 .relation { color: var(--soft); font-weight: 400; }
.mark {
  display: inline-block; background: var(--tint); color: var(--accent); border-radius: 4px; padding: 1px 8px;
  margin-right: 6px; font: 12px/1.6 ui-monospace, Menlo, Consolas, monospace;
}
.frames, .card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.frames { padding: 0; margin: 0; list-style: none; }
.frames > li + li { border-top: 1px solid var(--line); }
summary, .frame { padding: 9px 16px; display: flex; gap: 4px 16px; flex-wrap: wrap; align-items: baseline; }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { content: "\\25B8"; color: var(--soft); width: 10px; }
details[open] > summary::before { content: "\\25BE"; }
summary:hover { background: var(--code); }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
.frame::before { content: ""; width: 10px; }
.called { font: 600 13px/1.5 ui-monospace, Menlo, Consolas, monospace; color: var(--name); overflow-wrap: anywhere; }
.place { font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; color: var(--soft); overflow-wrap: anywhere; }
.folded > summary { color: var(--soft); font-size: 13px; }
.folded .called { color: var(--soft); font-weight: 400; }
.excerpt {
  margin: 0; padding: 10px 0; background: var(--code); border-top: 1px solid var(--line); overflow-x: auto;
  font: 13px/1.6 ui-monospace, Menlo, Consolas, monospace; tab-size: 2;
}
.excerpt span { display: block; width: max-content; min-width: 100%; padding-right: 16px; }
.excerpt i { display: inline-block; width: 60px; padding-right: 16px; text-align: right; font-style: normal; color: var(--soft); }
.excerpt .here { background: var(--mark); box-shadow: inset 3px 0 var(--accent); }
.excerpt .here i { color: var(--accent); font-weight: 700; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 6px 16px; font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; }
th { width: 190px; color: var(--soft); font-weight: 400; }
td { overflow-wrap: anywhere; white-space: pre-wrap; }
tr + tr > * { border-top: 1px solid var(--line); }
td table { margin: -6px -16px; width: calc(100% + 32px); }
footer { color: var(--soft); font-size: 13px; margin-top: 28px; }
@media (max-width: 640px) { th { width: 110px; } header > *, main { padding: 0 14px; } header { padding: 16px 0; } }
`;
