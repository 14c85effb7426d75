import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { relative } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const SOURCES = 'src/main/resources/META-INF/resources/realtime';
const MODULES = readdirSync(SOURCES).filter((name) => name.endsWith('.js')).map((name) => name.slice(0, -3));
const BUDGET_BYTES = 8 * 1024;

const exported = (name) => (name === 'client' ? 'tidewire' : `tidewire/${name}`);

async function minified(code) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: 'esm',
    splitting: true,
    outdir: 'out',
    write: false,
    metafile: true,
    external: ['react'],
    logLevel: 'error',
  });
  // what the page loads at once: the entry and what it imports, not what it may ask for later
  const { outputs } = metafile;
  const wanted = new Set(Object.keys(outputs).filter((path) => outputs[path].entryPoint === '<stdin>'));
  for (const path of wanted) {
    for (const { path: imported, kind, external } of outputs[path].imports) if (kind === 'import-statement' && !external) wanted.add(imported);
  }
  return Buffer.concat(outputFiles.filter(({ path }) => wanted.has(relative(process.cwd(), path))).map(({ contents }) => contents));
}

test('the core stays within its budget', async () => {
  for (const name of MODULES) {
    const bytes = await minified(`export * from '${exported(name)}'`);
    const gzipped = gzipSync(bytes, { level: 9 }).length;
    console.log(`${name}.js with all it imports: ${bytes.length} bytes minified, ${gzipped} gzipped`);
    if (name === 'client') assert.ok(gzipped <= BUDGET_BYTES, `${gzipped} bytes are more than ${BUDGET_BYTES}`);
  }
});

test('what is not used is left out of a bundle', async () => {
  const text = Buffer.from(await minified(`import { throttle } from 'tidewire/timing'; import { userColor } from 'tidewire/presence'; throttle(userColor)`)).toString();
  assert.match(text, /hsl/);
  assert.doesNotMatch(text, /mousemove/);
});

test('every module has types, is exported and loads without a browser', async () => {
  for (const name of MODULES) {
    assert.ok(readFileSync(`${SOURCES}/${name}.d.ts`, 'utf8').length > 0);
    assert.ok(Object.keys(await import(exported(name))).length > 0, name);
  }
  await assert.rejects(import('tidewire/client/link'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
});

test('types name what the modules export, and nothing else', async () => {
  for (const name of MODULES) {
    const types = readFileSync(`${SOURCES}/${name}.d.ts`, 'utf8');
    const told = [...types.matchAll(/^export (?:declare )?(?:function|class|const) (\w+)/gm)].map(([, word]) => word);
    assert.deepEqual([...new Set(told)].sort(), Object.keys(await import(exported(name))).sort(), name);
  }
});

test('the packed files are the modules and their types', () => {
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  const paths = files.map(({ path }) => path).filter((path) => path !== 'package.json');
  assert.ok(paths.every((path) => path.startsWith(SOURCES)), paths.join());
  for (const name of MODULES) assert.ok(paths.includes(`${SOURCES}/${name}.js`) && paths.includes(`${SOURCES}/${name}.d.ts`), name);
});

test('the examples have the types they say', () => {
  execFileSync('node_modules/.bin/tsc', ['-p', 'src/test/npm/types'], { stdio: 'inherit' });
});
