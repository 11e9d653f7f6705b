// Short words stand at the beginning of a part: a long random text holds any of them somewhere.
const words =
  /(?<![A-Za-z0-9])(?:your|fake|todo|xxxx|dummy)|x{6}|example|sample|placeholder|change[-_ ]?me|redacted|replace|insert[-_]|not[-_]?a?[-_]?real|\*{3}|\.\.\.|…|<[^>]*>|\$\{|\$\(|\{\{|%\(|%[A-Z_]+%|^\$|my[-_]?(?:secret|token|password|api|key)|(?:secret|token|password|key)[-_]?here|test[-_]?(?:token|secret|key|password)|foo[-_]?bar|deadbeef|lorem|abcdef(?:gh|12)|1234567890|0123456789/i;

/** References into a store, and our own agent tokens: the value is not here, which is how it should be. */
const references =
  /^(?:op|vault|hpt|awssm|gcpsm|doppler|infisical|bws|akv|keyring|sops):(?:\/\/)?|^hpa_|^vault:v\d+:|^ENC\[|^encrypted:|secrets?\.[A-Z]/;

/** Whether a value stands for another that is kept elsewhere. */
export function isReference(value: string): boolean {
  return references.test(value) || /^\$\{?\w+\}?$/.test(value) || /^\$\{\{.*\}\}$/.test(value);
}

/** Whether somebody wrote it to show what would stand there. */
export function isPlaceholder(value: string): boolean {
  if (words.test(value) || isReference(value)) return true;
  const body = value.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase();
  return new Set(body).size <= Math.min(4, body.length / 2) || isSequence(body);
}

/** A run that climbs by one, or repeats a short part, over more than half of it. */
function isSequence(body: string): boolean {
  let climbing = 0;
  for (let at = 1; at < body.length; at++) if (body.charCodeAt(at) - body.charCodeAt(at - 1) === 1) climbing++;
  if (climbing > body.length * 0.5) return true;
  for (const part of [1, 2, 3, 4, 6, 8]) {
    if (
      body.length >= part * 3 &&
      body ===
        body
          .slice(0, part)
          .repeat(Math.ceil(body.length / part))
          .slice(0, body.length)
    )
      return true;
  }
  return false;
}

/** Shannon's bits a character. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** Whether it looks drawn by lot rather than written: enough different characters, and not of words alone. */
export function isRandom(value: string, bits: number): boolean {
  if (isPlaceholder(value) || entropyOf(value) < bits) return false;
  return /\d/.test(value) && /[A-Za-z]/.test(value) && !/^[a-z]+(?:[-_.][a-z]+)*\d{0,4}$/i.test(value);
}
