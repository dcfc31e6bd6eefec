// Runs calls of worksheet functions in Pyodide: node run.mjs FOLDER ARCHIVE,ARCHIVE... MODULE < calls.json > answers.json
// FOLDER is npm's package, the archives go on Python's path, MODULE is the Python that answers.
// Each value crosses from JavaScript as Office.js holds it: numbers, texts, flags, null for a blank cell of a range,
// undefined for an argument left out, an object for an error value.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const omitted = (value) => (value !== null && typeof value === "object" && value.omitted ? undefined : value);

async function main(folder, archives, module) {
  const { calls } = JSON.parse(readFileSync(0, "utf-8")); // before Pyodide takes standard input
  const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
  const python = await loadPyodide({ stdout: (line) => console.error(line) });
  archives.split(",").forEach((archive, index) => {
    const place = `/packages/${index}`;
    python.FS.mkdirTree(place);
    python.unpackArchive(new Uint8Array(readFileSync(archive)), "zip", { extractDir: place });
    python.runPython(`import sys; sys.path.insert(0, ${JSON.stringify(place)})`);
  });
  python.runPython(readFileSync(module, "utf-8"));
  const answer = python.globals.get("answer");
  const started = performance.now();
  const answers = calls.map(({ function: name, arguments: given }) => JSON.parse(answer(name, given.map(omitted))));
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(JSON.stringify({ answers, seconds, ...JSON.parse(python.globals.get("about")()) }));
}

// Only the message: Node would print the interpreter's own source, which is one line of a megabyte.
main(...process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
