import ArgumentParser
import GraphCore

struct CompletionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completion",
    abstract: "Print the script that completes commands, options and labels in a shell.",
    discussion: """
      'make install' puts the scripts where shells look for them. Labels are those that the newest build, or another \
      command that writes into the store, has found.

      Examples:
        source <(graph completion bash)
        graph completion zsh >~/.zfunc/_graph
        graph completion fish >~/.config/fish/completions/graph.fish
      """)

  enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

  @Argument(help: "bash, zsh or fish.") var shell: Shell

  func run() {
    let script =
      switch shell {
      case .bash: Self.forBash(GraphProgram.completionScript(for: .bash))
      case .zsh: GraphProgram.completionScript(for: .zsh)
      case .fish: GraphProgram.completionScript(for: .fish)
      }
    Console.print(script.hasSuffix("\n") ? script : script + "\n")
  }

  /// bash ends words at ':' and '@', which labels have in them; so labels are completed before it looks at words.
  private static func forBash(_ script: String) -> String {
    let lines = script.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.filter { !$0.hasPrefix("complete ") }.joined(separator: "\n") + """

      _graph_with_labels() {
          local line="${COMP_LINE:0:COMP_POINT}"
          local word="${line##*[[:space:]]}"
          if [[ "${word}" != //* ]]; then
              _graph "$@"
              return
          fi
          local -a places=()
          local -i index
          for ((index = 1; index < COMP_CWORD; index++)); do
              case "${COMP_WORDS[index]}" in
              --directory | --store) places+=("${COMP_WORDS[index]}" "${COMP_WORDS[index + 1]}") ;;
              esac
          done
          compopt +o filenames
          local breaks="${COMP_WORDBREAKS//[^@:]/}"
          local done=''
          [[ -n "${breaks}" ]] && done="${word%"${word##*[${breaks}]}"}"
          local candidate
          while IFS='' read -r candidate; do
              COMPREPLY+=("${candidate#"${done}"}")
          done < <("${COMP_WORDS[0]}" complete-labels "${places[@]}" -- "${word}" 2>/dev/null)
      }

      complete -o filenames -F _graph_with_labels graph

      """
  }
}
