import GraphCore
import HeapModule

/// The nodes that could start now: first the one with the longest work behind it.
struct ReadyQueue {
  /// Those that keep a processor busy, and those that only wait for the network.
  private var busy = Heap<Item>()
  private var waiting = Heap<Item>()

  private struct Item: Comparable {
    let priority: Double
    let node: NodeID

    /// Of equal ones the first in the graph comes first.
    static func < (left: Item, right: Item) -> Bool {
      (left.priority, right.node) < (right.priority, left.node)
    }
  }

  /// What may start beside what is running.
  struct Room {
    var hasProcessor: Bool
    var hasLine: Bool
    var fits: (NodeID) -> Bool
  }

  /// How many nodes that do not fit are passed over: a bound on the cost of a choice.
  private static let passedMax = 64

  mutating func add(_ node: NodeID, priority: Double, isWaiting: Bool) {
    let item = Item(priority: priority, node: node)
    if isWaiting { waiting.insert(item) } else { busy.insert(item) }
  }

  /// Takes out the first node that there is room for.
  mutating func take(_ room: Room) -> NodeID? {
    let isWaitingFirst = (waiting.max).map { first in busy.max.map { $0 < first } ?? true } ?? false
    func fromWaiting(_ queue: inout ReadyQueue) -> NodeID? {
      room.hasLine ? Self.take(from: &queue.waiting, room) : nil
    }
    func fromBusy(_ queue: inout ReadyQueue) -> NodeID? {
      room.hasProcessor ? Self.take(from: &queue.busy, room) : nil
    }
    return isWaitingFirst
      ? fromWaiting(&self) ?? fromBusy(&self) : fromBusy(&self) ?? fromWaiting(&self)
  }

  private static func take(from heap: inout Heap<Item>, _ room: Room) -> NodeID? {
    var passed: [Item] = []
    defer { heap.insert(contentsOf: passed) }
    while passed.count < passedMax, let item = heap.popMax() {
      if room.fits(item.node) { return item.node }
      passed.append(item)
    }
    return nil
  }
}
