/** One command: the proofs, then the figures. `node bench/spikes/postgres-commit/main.ts [rounds] [seconds]`. */
await import('./proofs.ts');
await import('./bench.ts');
