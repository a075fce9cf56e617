/// A collection whose elements are made when they are reached, by their number.
public struct Rows<Element>: RandomAccessCollection, Sendable {
  public let count: Int
  private let make: @Sendable (Int) -> Element

  init(count: Int, _ make: @escaping @Sendable (Int) -> Element) {
    self.count = count
    self.make = make
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { count }
  public subscript(position: Int) -> Element { make(position) }
}

/// Some nodes of a graph, where the graph has them, and nodes that were found since.
public struct NodeList: RandomAccessCollection, Sendable {
  private let numbers: FlatList?
  private let found: [NodeID]

  init(numbers: FlatList?, found: [NodeID] = []) { (self.numbers, self.found) = (numbers, found) }

  public var startIndex: Int { 0 }
  public var endIndex: Int { (numbers?.endIndex ?? 0) + found.count }
  public subscript(position: Int) -> NodeID {
    if let numbers, position < numbers.endIndex { return NodeID(index: numbers[position]) }
    return found[position - (numbers?.endIndex ?? 0)]
  }
}
