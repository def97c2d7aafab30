import { DockerfileParser, type Instruction, type JSONInstruction } from 'dockerfile-ast';

/** RUN, CMD or HEALTHCHECK CMD: exec form as it is, shell form behind /bin/sh. */
export interface Command {
  readonly argv: readonly string[];
  /** Folders that BuildKit keeps between builds (`--mount=type=cache`). */
  readonly caches: readonly string[];
}

/** One step that changes the stage's files, in order. */
export type Step =
  | { readonly run: Command; readonly cwd: string; readonly env: Readonly<Record<string, string>> }
  | {
      readonly copy: readonly string[];
      readonly to: string;
      /** The stage that the files come from; undefined: the build context. */
      readonly from: string | undefined;
      readonly cwd: string;
    };

/** What one stage of a Dockerfile says. */
export interface Stage {
  readonly name: string | undefined;
  readonly base: string;
  readonly steps: readonly Step[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly user: string | undefined;
  readonly cmd: readonly string[] | undefined;
  readonly healthcheck: readonly string[] | undefined;
  readonly volumes: readonly string[];
  readonly ports: readonly string[];
  readonly labels: readonly string[];
}

type Draft = { -readonly [Key in keyof Stage]: Stage[Key] };

const words = (instruction: Instruction): string[] =>
  instruction.getArguments().map((argument) => argument.getValue());

/** Flags of the instruction come first; later ones are the command's own. */
const withoutFlags = (all: string[]): string[] => all.slice(all.findIndex((word) => !word.startsWith('--')));

function commandOf(instruction: Instruction): Command {
  const json = (instruction as JSONInstruction).getJSONStrings().map((text) => text.getJSONValue());
  const caches = (instruction as JSONInstruction).getFlags().flatMap((flag) => {
    const target = /^type=cache,target=(\S+)$/.exec(flag.getValue() ?? '')?.[1];
    if (target === undefined) throw new Error(`not understood: --${flag.getName()}=${flag.getValue()}`);
    return [target];
  });
  const argv = json.length > 0 ? json : ['/bin/sh', '-c', withoutFlags(words(instruction)).join(' ')];
  return { argv, caches };
}

/** `HEALTHCHECK … CMD ["node", …]`: the parser leaves its JSON to us. */
function healthcheckOf(instruction: Instruction): string[] {
  const text = instruction.getArgumentsContent() ?? '';
  return JSON.parse(/CMD\s+(\[.*\])$/.exec(text)?.[1] ?? 'null') as string[];
}

type Effect = (stage: Draft, all: string[], instruction: Instruction) => void;

/** What each instruction of the project's Dockerfile does to its stage. */
const EFFECTS: Readonly<Record<string, Effect>> = {
  RUN: (stage, _, instruction) => {
    stage.steps = [...stage.steps, { run: commandOf(instruction), cwd: stage.workdir, env: stage.env }];
  },
  COPY: (stage, all, instruction) => {
    const from = (instruction as JSONInstruction).getFlags().find((flag) => flag.getName() === 'from');
    const paths = withoutFlags(all);
    const to = paths.pop()!;
    const step = { copy: paths, to, from: from?.getValue() ?? undefined, cwd: stage.workdir };
    stage.steps = [...stage.steps, step];
  },
  ENV: (stage, all) => {
    stage.env = { ...stage.env, ...Object.fromEntries(all.map((word) => pairOf(word))) };
  },
  LABEL: (stage, all) => {
    stage.labels = [...stage.labels, ...all.map((word) => pairOf(word)[0])];
  },
  WORKDIR: (stage, all) => {
    stage.workdir = all[0]!;
  },
  USER: (stage, all) => {
    stage.user = all[0];
  },
  CMD: (stage, _, instruction) => {
    stage.cmd = commandOf(instruction).argv;
  },
  HEALTHCHECK: (stage, _, instruction) => {
    stage.healthcheck = healthcheckOf(instruction);
  },
  VOLUME: (stage, _, instruction) => {
    stage.volumes = (instruction as JSONInstruction).getJSONStrings().map((text) => text.getJSONValue());
  },
  EXPOSE: (stage, all) => {
    stage.ports = all;
  },
  STOPSIGNAL: (_, all) => {
    if (all[0] !== 'SIGTERM') throw new Error('the gateway ends on SIGTERM');
  },
};

function apply(stage: Draft, instruction: Instruction): void {
  const effect = EFFECTS[instruction.getKeyword()];
  if (!effect) throw new Error(`not understood: ${instruction.toString()}`);
  effect(stage, words(instruction), instruction);
}

function pairOf(word: string): [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}

/** @throws Error at an instruction that is not understood: a test must not pass over what an engine would do */
export function readDockerfile(text: string): Stage[] {
  const stages: Draft[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const stage = stages.at(-1);
    if (instruction.getKeyword() === 'FROM') {
      const [base = '', , name] = words(instruction);
      stages.push(newStage(base, name));
    } else if (stage) apply(stage, instruction);
    else throw new Error(`before the first FROM: ${instruction.toString()}`);
  }
  return stages;
}

const newStage = (base: string, name: string | undefined): Draft => ({
  name,
  base,
  steps: [],
  env: {},
  workdir: '/',
  user: undefined,
  cmd: undefined,
  healthcheck: undefined,
  volumes: [],
  ports: [],
  labels: [],
});
