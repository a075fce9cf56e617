import HeapModule

/// How long some work takes when several actions run at once: what a wave does, with a clock that only jumps.
///
/// The choice of what starts next is the wave's own (`ReadyQueue`). A test holds the rest together.
public struct Schedule: Sendable {
  /// From the start of the first to the end of the last.
  public let wallSeconds: Double

  /// One action.
  public struct Item: Sendable {
    public let seconds: Double
    /// Whether it takes a line of the network and no processor.
    public let isWaiting: Bool
    public let memoryMegabytes: Int
    public init(seconds: Double, isWaiting: Bool = false, memoryMegabytes: Int = 0) {
      self.seconds = seconds.isFinite ? max(0, seconds) : 0
      (self.isWaiting, self.memoryMegabytes) = (isWaiting, memoryMegabytes)
    }
  }

  /// How much runs at once.
  public struct Limits: Sendable {
    public var jobs: Int
    public var downloads: Int
    public var memoryMegabytes: Int
    public init(jobs: Int, downloads: Int, memoryMegabytes: Int) {
      (self.jobs, self.downloads, self.memoryMegabytes) = (max(1, jobs), max(1, downloads), memoryMegabytes)
    }
  }

  /// - Parameters:
  ///   - items: producers first.
  ///   - producers: for each item the places of those that it waits for.
  /// - Cost: O((items + edges) log items).
  public init(_ items: [Item], producers: [[Int32]], limits: Limits) {
    var simulation = Simulation(items, producers, limits)
    wallSeconds = simulation.run()
  }
}

private struct Simulation {
  private let items: [Schedule.Item]
  private let limits: Schedule.Limits
  private var consumers: [[Int32]]
  private var open: [Int]
  private var priorities: [Double]
  private var ready = ReadyQueue()
  private var running = Heap<End>()
  private var runningCount = 0
  private var waitingCount = 0
  private var claimedMegabytes = 0

  private struct End: Comparable {
    let time: Double
    let place: Int
    static func < (left: End, right: End) -> Bool { (left.time, left.place) < (right.time, right.place) }
  }

  init(_ items: [Schedule.Item], _ producers: [[Int32]], _ limits: Schedule.Limits) {
    (self.items, self.limits) = (items, limits)
    consumers = [[Int32]](repeating: [], count: items.count)
    open = producers.map(\.count)
    for (place, list) in producers.enumerated() {
      for producer in list { consumers[Int(producer)].append(Int32(place)) }
    }
    priorities = [Double](repeating: 0, count: items.count)
    for place in items.indices.reversed() {
      let above = consumers[place].map { priorities[Int($0)] }.max() ?? 0
      priorities[place] = items[place].seconds + above
    }
  }

  mutating func run() -> Double {
    for place in items.indices where open[place] == 0 { becomeReady(place) }
    var now = 0.0
    while true {
      while let place = takeReady() { running.insert(End(time: now + items[place].seconds, place: place)) }
      guard let end = running.popMin() else { return now }
      now = end.time
      finish(end.place)
      // What ends at the same moment frees its room before anything new is chosen.
      while let next = running.min, next.time == now {
        running.removeMin()
        finish(next.place)
      }
    }
  }

  private mutating func becomeReady(_ place: Int) {
    ready.add(NodeID(index: Int32(place)), priority: priorities[place], isWaiting: items[place].isWaiting)
  }

  private mutating func takeReady() -> Int? {
    let left = limits.memoryMegabytes - claimedMegabytes
    let isIdle = runningCount == 0
    let room = ReadyQueue.Room(
      hasProcessor: runningCount - waitingCount < limits.jobs, hasLine: waitingCount < limits.downloads,
      fits: { [items] in isIdle || items[Int($0.index)].memoryMegabytes <= left })
    guard let place = ready.take(room).map({ Int($0.index) }) else { return nil }
    claim(place, 1)
    return place
  }

  private mutating func claim(_ place: Int, _ sign: Int) {
    runningCount += sign
    claimedMegabytes += sign * items[place].memoryMegabytes
    if items[place].isWaiting { waitingCount += sign }
  }

  private mutating func finish(_ place: Int) {
    claim(place, -1)
    for consumer in consumers[place] {
      open[Int(consumer)] -= 1
      if open[Int(consumer)] == 0 { becomeReady(Int(consumer)) }
    }
  }
}
