/**
 * `stockyard completion`: scripts for shells, and the answers to what the scripts ask back
 * (`stockyard complete -- WORDS`).
 */
import tab, { script } from '@bomb.sh/tab'
import describeProgram from '@bomb.sh/tab/commander'
import { Argument, type Command } from 'commander'
import type { Define } from './commands.ts'
import { addExamples } from './options.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

export const define: Define = (command, run) => {
  command
    .addArgument(new Argument('<shell>', 'the shell to print a script for').choices(SHELLS))
    .action((shell: (typeof SHELLS)[number]) =>
      // The script is printed by the library itself.
      run({}, async () => script(shell, 'stockyard', 'stockyard')),
    )
  addExamples(command, [
    ['completion bash > ~/.local/share/bash-completion/completions/stockyard', 'for bash'],
    ['completion zsh > ~/.zfunc/_stockyard', 'for zsh, where fpath has ~/.zfunc'],
    ['completion fish > ~/.config/fish/completions/stockyard.fish', 'for fish'],
  ])
}

/** Prints the completions of the words typed so far, for a program in which all commands are loaded. */
export function printCompletions(program: Command, words: readonly string[]): void {
  describeProgram(program, { completionCommandName: 'completion' })
  tab.parse([...words])
}
