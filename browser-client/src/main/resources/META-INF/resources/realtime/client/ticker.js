// a worker: says a word every so many milliseconds
onmessage = ({ data }) => setInterval(() => postMessage(0), data);
