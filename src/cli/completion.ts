import { nouns, optionsOf, type Chapter, type CommandSpec } from './tree/spec.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What can come next behind a line of words: commands, offered words and options, each with what it is. */
interface Place {
  /** `''`, `token`, `token create` */
  readonly path: string;
  readonly words: readonly (readonly [word: string, what: string])[];
  readonly options: readonly (readonly [flag: string, what: string])[];
}

/** The completion script of a shell, made of the command tree. Calls nothing of ours while it completes. */
export function completionFor(shell: Shell, tree: readonly Chapter[]): string {
  const places = placesOf(tree.flatMap((chapter) => chapter.commands));
  switch (shell) {
    case 'bash':
      return bash(places);
    case 'zsh':
      return zsh(places);
    case 'fish':
      return fish(places);
    default:
      return shell satisfies never;
  }
}

function placesOf(commands: readonly CommandSpec[]): readonly Place[] {
  const top = new Map<string, string>();
  for (const { path, what } of commands) {
    const [first = '', second] = path.split(' ');
    if (second === undefined) top.set(first, what);
    else if (!top.has(first)) top.set(first, nouns[first] ?? '');
  }
  const groups = [...top.keys()].filter((name) => commands.some(({ path }) => path.startsWith(`${name} `)));
  const own = commands.map((command): Place => {
    const below = commands.filter(({ path }) => path.startsWith(`${command.path} `));
    return {
      path: command.path,
      words: [
        ...below.map(({ path, what }) => [path.slice(command.path.length + 1), what] as const),
        ...(command.offers ?? []).map((word) => [word, ''] as const),
      ],
      options: optionsOf(command).map(({ flags, what }) => [flags.split(' ')[0] ?? flags, what] as const),
    };
  });
  const nounPlaces = groups
    .filter((name) => !commands.some(({ path }) => path === name))
    .map((name): Place => {
      const below = commands.filter(({ path }) => path.startsWith(`${name} `));
      return {
        path: name,
        words: below.map(({ path, what }) => [path.slice(name.length + 1), what] as const),
        options: [],
      };
    });
  return [
    {
      path: '',
      words: [...top],
      options: [
        ['--help', 'print help'],
        ['--version', 'print the version'],
      ],
    },
    ...nounPlaces,
    ...own,
  ];
}

function bash(places: readonly Place[]): string {
  const cases = places.map(({ path, words, options }) => {
    const all = [...words, ...options].map(([word]) => word).join(' ');
    return `    '${path}') words='${all}' ;;`;
  });
  return `# bash completion for holdpoint: source <(holdpoint completion bash)
_holdpoint() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      --) return ;;
      -*) ;;
      *) case " ${paths(places)} " in *" \${path:+$path/}$word "*) path="\${path:+$path/}$word" ;; esac ;;
    esac
  done
  case "\${path//\\// }" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _holdpoint holdpoint
`;
}

function paths(places: readonly Place[]): string {
  return places
    .filter(({ path }) => path !== '')
    .map(({ path }) => path.replace(' ', '/'))
    .join(' ');
}

function zsh(places: readonly Place[]): string {
  const described = (pairs: Place['words']): string =>
    pairs.map(([word, what]) => `'${single(`${word.replaceAll(':', '\\:')}:${what}`)}'`).join(' ');
  const cases = places.map(
    ({ path, words, options }) => `    '${path}') words=(${described(words)}); options=(${described(options)}) ;;`,
  );
  return `#compdef holdpoint
# zsh completion for holdpoint: holdpoint completion zsh > "\${fpath[1]}/_holdpoint"
_holdpoint() {
  local word place=''
  local -a words_before words options
  words_before=("\${(@)words[2,CURRENT-1]}")
  for word in $words_before; do
    [[ $word == -- ]] && { _normal; return }
    [[ $word == -* ]] && continue
    [[ " ${paths(places)} " == *" \${place:+$place/}$word "* ]] && place="\${place:+$place/}$word"
  done
  case "\${place//\\// }" in
${cases.join('\n')}
  esac
  (( $#words )) && _describe 'command' words
  (( $#options )) && _describe 'option' options
  (( $#words )) || _files
}
compdef _holdpoint holdpoint
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words, options }) => {
    const when = `__holdpoint_at '${path}'`;
    return [
      ...words.map(([word, what]) => `complete -c holdpoint -f -n "${when}" -a '${single(word)}' -d '${single(what)}'`),
      ...options.map(
        ([flag, what]) =>
          `complete -c holdpoint -n "${when}" -l '${single(flag.replace(/^--/, ''))}' -d '${single(what)}'`,
      ),
    ];
  });
  return `# fish completion for holdpoint: holdpoint completion fish > ~/.config/fish/completions/holdpoint.fish
function __holdpoint_at
  set -l place ''
  for word in (commandline -opc)[2..]
    string match -q -- '-*' $word; and continue
    set -l next (string join '/' (string split -n '/' $place) $word)
    contains -- $next ${paths(places)}; and set place $next
  end
  test (string replace -a '/' ' ' -- $place) = "$argv[1]"
end
${lines.join('\n')}
`;
}

/** For between single quotes; the texts are our own, and hold typographic quotes only. */
function single(text: string): string {
  return text.replaceAll("'", '’');
}
