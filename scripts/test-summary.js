/**
 * Says how the runs of the tests ended whose reports by jest are named on the command line: "N passed, N failed", over all of them.
 * Exits with 1 unless every test ran and passed.
 */
import { existsSync, readFileSync } from "node:fs";

const paths = process.argv.slice(2);
let passed = 0;
let failed = 0;
let skipped = 0;

for (const path of paths) {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (text === "") {
    console.log(`no report at ${path}: jest did not get to the end`);
    failed++;
  } else count(JSON.parse(text));
}

function count(report) {
  // A file that does not load, or fails outside its tests, has no failed test of its own to count.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
  );
  const notRun = report.testResults
    .flatMap((file) => file.assertionResults)
    .filter(({ status }) => status !== "passed" && status !== "failed");
  for (const file of brokenFiles) console.log(`did not run: ${file.name}`);
  for (const test of notRun) console.log(`${test.status}: ${test.fullName}`);
  passed += report.numPassedTests;
  failed += report.numFailedTests + brokenFiles.length;
  skipped += notRun.length;
}

console.log(`${passed} passed, ${failed} failed`);
process.exit(passed > 0 && failed === 0 && skipped === 0 ? 0 : 1);
