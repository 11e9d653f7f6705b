// Loaded into every process of the bench: it ends with the one that started it, however that ended.
process.stdin.resume();
process.stdin.once('close', () => process.exit(0));
