/// How long some work takes when several actions run at once: what a wave does, with a clock that only jumps.
///
/// The choice is the wave's own: of what is ready and fits, the one with the longest work behind it; at equal length the
/// one that comes first. A test holds the two together.
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
  /// - Cost: O((items + edges) log items), unless memory keeps much of what is ready from starting.
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
  /// What is ready: the best first. Those that take a processor, and those that wait for the network.
  private var ready = [Heap(), Heap()]
  private var running = Heap()
  private var lanes = [0, 0]
  private var claimed = 0

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
    for place in items.indices where open[place] == 0 { makeReady(place) }
    var now = 0.0
    while true {
      while let place = takeReady() {
        lanes[lane(place)] += 1
        claimed += items[place].memoryMegabytes
        running.push((-(now + items[place].seconds), Int32(place)))
      }
      guard let (end, place) = running.pop() else { return now }
      now = -end
      finish(Int(place))
      // What ends at the same moment frees its room before anything new is chosen.
      while let next = running.top, next.rank == end {
        _ = running.pop()
        finish(Int(next.place))
      }
    }
  }

  private func lane(_ place: Int) -> Int { items[place].isWaiting ? 1 : 0 }

  private mutating func makeReady(_ place: Int) {
    ready[lane(place)].push((priorities[place], Int32(place)))
  }

  private mutating func finish(_ place: Int) {
    lanes[lane(place)] -= 1
    claimed -= items[place].memoryMegabytes
    for consumer in consumers[place] {
      open[Int(consumer)] -= 1
      if open[Int(consumer)] == 0 { makeReady(Int(consumer)) }
    }
  }

  /// The best of what is ready and fits beside what runs.
  private mutating func takeReady() -> Int? {
    var best: (rank: Double, place: Int32)?
    for lane in [0, 1] where lanes[lane] < (lane == 0 ? limits.jobs : limits.downloads) {
      var tooLarge: [(rank: Double, place: Int32)] = []
      while let top = ready[lane].top {
        if fits(Int(top.place)) {
          if let other = best, (other.rank, top.place) >= (top.rank, other.place) { break }
          best = top
          break
        }
        tooLarge.append(top)
        _ = ready[lane].pop()
      }
      for item in tooLarge { ready[lane].push(item) }
    }
    guard let best else { return nil }
    let place = Int(best.place)
    if ready[lane(place)].top?.place == best.place {
      _ = ready[lane(place)].pop()
    } else {
      ready[lane(place)].remove(best.place)
    }
    return place
  }

  private func fits(_ place: Int) -> Bool {
    lanes == [0, 0] || claimed + items[place].memoryMegabytes <= limits.memoryMegabytes
  }
}

/// The highest rank on top; of equal ones the lowest place.
private struct Heap {
  typealias Element = (rank: Double, place: Int32)
  private var elements: [Element] = []

  var top: Element? { elements.first }

  mutating func push(_ element: Element) {
    elements.append(element)
    rise(elements.count - 1)
  }

  mutating func pop() -> Element? {
    guard let top = elements.first, let last = elements.popLast() else { return nil }
    if !elements.isEmpty {
      elements[0] = last
      sink(0)
    }
    return top
  }

  /// Takes out what is not on top.
  mutating func remove(_ place: Int32) {
    guard let index = elements.firstIndex(where: { $0.place == place }) else { return }
    elements.swapAt(index, elements.count - 1)
    elements.removeLast()
    if index < elements.count {
      rise(index)
      sink(index)
    }
  }

  private func precedes(_ left: Element, _ right: Element) -> Bool {
    (left.rank, right.place) > (right.rank, left.place)
  }

  private mutating func rise(_ start: Int) {
    var child = start
    while child > 0, precedes(elements[child], elements[(child - 1) / 2]) {
      elements.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func sink(_ start: Int) {
    var parent = start
    while true {
      let left = parent * 2 + 1
      if left >= elements.count { return }
      let right = left + 1
      let best = right < elements.count && precedes(elements[right], elements[left]) ? right : left
      guard precedes(elements[best], elements[parent]) else { return }
      elements.swapAt(best, parent)
      parent = best
    }
  }
}
