import GraphCore
import Randomness
import Testing

@testable import Rules

/// What `UnaffectedLocks` rules out, checked by solving it all the same.
@Suite struct UnaffectedLockTests {
  /// A lock on a repository, on top of others.
  private struct Asked {
    let requests: [String]
    let weakDependencies: Bool
    let best: Bool

    init(_ random: inout SplitMix) {
      requests = (0..<Int.random(in: 1...2, using: &random)).map { _ in
        RandomRepository.names.randomElement(using: &random) ?? ""
      }
      weakDependencies = .random(using: &random)
      best = .random(using: &random)
    }

    func task(on repository: Artifact, below: [Artifact]) throws -> ActionTask {
      var transaction = PackageTransaction(packages: requests, weakDependencies: weakDependencies)
      transaction.best = best
      // Their digests are given; who made them does not matter here.
      let inputs = [("repository/00", repository)] + below.enumerated().map { ("installed/0\($0)", $1) }
      let architecture = try #require(Architecture("x86_64"))
      let action = Action(
        rule: LockOperation.rule, arguments: LockOperation.arguments(of: transaction, numbers: nil),
        architecture: architecture,
        inputs: inputs.map { Input($0.0, .leaf(Leaf($0.1, .stored, origin: ""))) },
        outputs: [.init("lock", .blob), .init("packages", .tree), .init("epoch", .blob)])
      let node = Node(label: try Label("//base/test:x86_64"), step: "lock", action: action)
      let artifacts = inputs.map(\.1)
      return ActionTask(node: node, key: Preimage(action, inputs: artifacts).key, inputs: artifacts)
    }
  }

  @Test("a lock that is ruled out says the same when it is solved", arguments: 0..<8)
  func oracle(_ seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let store = MemoryBlobs()
    var (ruledOut, same, different) = (0, 0, 0)
    for _ in 0..<60 {
      var repository = RandomRepository(&random)
      let before = try repository.write(to: store)
      repository.change(&random)
      let after = try repository.write(to: store)
      let operation = LockOperation(solvers: SolverPools())
      let unaffected = UnaffectedLocks(
        solvers: SolverPools(), decoded: DecodedLocks(), store: store)
      for _ in 0..<6 {
        let (first, second) = (Asked(&random), Asked(&random))
        var (oldBelow, newBelow): ([Artifact], [Artifact]) = ([], [])
        for asked in [first, second] {
          let task = try asked.task(on: before, below: oldBelow)
          guard let old = try? operation.solve(task, store), let lock = old["lock"] else { break }
          let last = Trace(
            key: task.key, deepKey: task.key, preimage: Preimage(task.action, inputs: task.inputs),
            result: ActionResult(outputs: old, provenance: .init(durationSeconds: 0, finished: 0)))
          let again = try asked.task(on: after, below: newBelow)
          let new = try? operation.solve(again, store)
          if new == old { same += 1 } else { different += 1 }
          if try unaffected.contains(again, last: last) {
            ruledOut += 1
            #expect(new == old, "seed \(seed): \(asked) on \(repository.packages)")
          }
          guard let newLock = new?["lock"] else { break }
          oldBelow.append(lock)
          newBelow.append(newLock)
        }
      }
    }
    // It finds most of what stays, and there was something to find.
    #expect(different > 5 && ruledOut * 10 > same, "\(ruledOut) of \(same) ruled out, \(different) differ")
  }

  @Test(
    "a longest rising subsequence",
    arguments: [([1, 2, 3], 3), ([3, 1, 2], 2), ([2, 1], 1), ([], 0), ([5, 1, 6, 2, 3], 3)])
  func longestRise(_ values: [Int32], _ count: Int) {
    let kept = PoolDifference.longestRise(values)
    #expect(kept.count == count)
    let rise = kept.sorted().map { values[$0] }
    #expect(zip(rise, rise.dropFirst()).allSatisfy { $0 < $1 })
  }
}
