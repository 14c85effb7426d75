import { warn } from './errors.js';

// a key can also be spelt with escapes (\u005f_proto__), so those are looked at closely as well
const SUSPICIOUS = /__proto__|\\u005f/i;

/** The frames of one WebSocket message: JSON objects separated by newlines. What is not one is reported and left out. */
export function parseFrames(message) {
  if (typeof message !== 'string') {
    warn('ignored a binary message');
    return [];
  }
  const frames = [];
  for (const line of message.split('\n')) {
    if (line.trim() === '') continue;
    const frame = parseFrame(line);
    if (frame !== null) frames.push(frame);
  }
  return frames;
}

function parseFrame(line) {
  let frame;
  try {
    frame = parseJson(line);
  } catch {
    warn('ignored a message that is not JSON', line);
    return null;
  }
  if (frame === null || typeof frame !== 'object' || typeof frame.type !== 'string') {
    warn('ignored a message that is not a frame', line);
    return null;
  }
  return frame;
}

/** Parses JSON without keys named `__proto__`. */
export function parseJson(text) {
  return SUSPICIOUS.test(text) ? parseWithoutProto(text) : JSON.parse(text);
}

// an application that copies such an object key by key would change its own object's prototype
function parseWithoutProto(line) {
  let removed = false;
  const frame = JSON.parse(line, (key, value) => {
    if (key !== '__proto__') return value;
    removed = true;
    return undefined;
  });
  if (removed) warn('removed a "__proto__" key from a message', line);
  return frame;
}
