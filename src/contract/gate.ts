/** A wire that agents speak. One folder under `gates/`. */
export interface Gate {
  readonly name: string;
  /** Where it listens once started: `http://127.0.0.1:7780`. */
  readonly address: string;
  close(): Promise<void>;
}
