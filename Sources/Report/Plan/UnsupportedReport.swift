import GraphCore

/// What is not made for an architecture, and why, in few lines.
public enum UnsupportedReport {
  /// How many labels with one reason are named.
  static let labelsMax = 3

  /// Empty where everything is made.
  public static func text(_ targets: [UnsupportedTarget], color: Bool) -> String {
    lines(targets, Style(color: color)).map { $0 + "\n" }.joined()
  }

  /// A title, and a line for each reason with the labels and architectures that it holds for.
  static func lines(_ targets: [UnsupportedTarget], _ style: Style) -> [String] {
    if targets.isEmpty { return [] }
    var architectures: [Subject: [String]] = [:]
    for target in targets {
      let reason =
        target.isDeclared ? "\(target.reason) (\(target.location))" : "needs \(target.origin)"
      architectures[Subject(label: target.label.withoutArchitecture, reason: reason), default: []]
        .append(target.label.architecture?.name ?? "")
    }
    var labels: [Cause: [Label]] = [:]
    for (subject, names) in architectures {
      labels[Cause(reason: subject.reason, architectures: names), default: []].append(subject.label)
    }
    let rows = labels.map { cause, labels in (cause: cause, labels: labels.sorted()) }
      .sorted {
        ($0.labels[0], $0.cause.architectures.first ?? "") < (
          $1.labels[0], $1.cause.architectures.first ?? ""
        )
      }
      .map { cause, labels in
        [cause.architectures.joined(separator: ", "), named(labels), PlainText.oneLine(cause.reason)]
      }
    return [style.strong("not made for an architecture")] + Columns.lines(rows, indent: "  ")
  }

  private static func named(_ labels: [Label]) -> String {
    let rest = labels.count - labelsMax
    let names = labels.prefix(rest > 1 ? labelsMax : labels.count).map { PlainText.oneLine("\($0)") }
    return names.joined(separator: ", ") + (rest > 1 ? " and \(rest) more" : "")
  }

  private struct Subject: Hashable {
    let label: Label
    let reason: String
  }

  private struct Cause: Hashable {
    let reason: String
    let architectures: [String]
  }
}
