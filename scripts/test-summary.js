/** Says how jest's report (the file named on the command line) ended: "N passed, N failed". Exits with 1 unless every test ran and passed. */
import { readFileSync } from "node:fs";

const text = readFileSync(process.argv[2], "utf8");
if (text === "") {
  console.error("jest wrote no report: it did not get to the end");
  process.exit(1);
}
const report = JSON.parse(text);
// A file that does not load, or fails outside its tests, has no failed test of its own to count.
const brokenFiles = report.testResults.filter(
  (file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
);
const notRun = report.testResults
  .flatMap((file) => file.assertionResults)
  .filter(({ status }) => status !== "passed" && status !== "failed");

for (const file of brokenFiles) console.log(`did not run: ${file.name}`);
for (const test of notRun) console.log(`${test.status}: ${test.fullName}`);

const failed = report.numFailedTests + brokenFiles.length;
console.log(`${report.numPassedTests} passed, ${failed} failed`);
process.exit(report.numPassedTests > 0 && failed === 0 && notRun.length === 0 ? 0 : 1);
