// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: swift)
}

func system(_ name: String, _ pkgConfig: String, _ debianPackage: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debianPackage])])
}

// The sanitizers' runtimes cannot be linked into a static program ('make sanitize' sets the variable).
let helperLinking =
  Context.environment["SANITIZE"] == nil
  ? ["-static-executable", "-use-ld=lld", "-Xlinker", "--gc-sections"] : ["-use-ld=lld"]

// The fuzz targets link libFuzzer's runtime, so they are there only for 'make fuzz', which sets the variable.
let fuzzing: [Target] =
  Context.environment["FUZZ"] == nil
  ? []
  : [

    .executableTarget(
      name: "graph-fuzz", dependencies: ["GraphCore", "Manifests"], path: "Fuzz/graph-fuzz",
      // Its 'main' is libFuzzer's.
      swiftSettings: swift + [.unsafeFlags(["-parse-as-library"])])
  ]

// Targets appear in the order data flows through them: read them from top to bottom.
let package = Package(
  name: "buildgraph",
  products: [
    .executable(name: "graph", targets: ["graph"]),
    // For LD_PRELOAD: what the tests of crashes and broken disks put between the program and the kernel.
    .library(name: "FaultShim", type: .dynamic, targets: ["FaultShim"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
  ],
  targets: [
    // The engine, pure: vocabulary, diagnostics, graph, keys, plan, events and the ports it needs.
    library("GraphCore", ["CCrypto", .product(name: "HeapModule", package: "swift-collections")]),
    // Encoders and decoders of published formats: tar, OCI, zstd, gzip.
    library("Formats", ["GraphCore", "CZstd", "CZlib", "CArchive"]),
    // Bytes -> declarations.
    library("Manifests", ["GraphCore", "CYAML"]),
    // Declarations -> snapshot: every moving fact, pinned once.
    library("Resolve", ["GraphCore", "Manifests", "Formats"]),
    // Declarations and snapshot -> graph: one folder per kind of target.
    library("Rules", ["GraphCore", "Manifests", "Resolve", "Formats", "CSolv"]),
    // The implementations of GraphCore's ports.
    library("Store", ["GraphCore", "Formats", "CSQLite", "CLinux"]),
    library(
      "Execute",
      [
        "GraphCore", "Formats", "CLinux",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    // Actions as the Remote Execution API has them: messages and uploads, no connection.
    library("RemoteExecution", ["GraphCore", "Formats"]),
    library("SourceControl", ["GraphCore", "CGit2"]),
    library("Publish", ["GraphCore", "Formats", "Manifests"]),
    library("Report", ["GraphCore"]),
    // One file per subcommand.
    .executableTarget(
      name: "graph",
      dependencies: [
        "GraphCore", "Formats", "Manifests", "Resolve", "Rules", "Store", "Execute", "SourceControl",
        "Publish", "Report",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Sources/cli",
      swiftSettings: swift,
      // lld, because the default linker warns about functions of the static library that nobody here calls.
      linkerSettings: [.unsafeFlags(["-use-ld=lld"])]),
    // The helper that builds an action's namespaces, from C because nothing may run between clone and exec. Static, so
    // that it runs in any root and on any worker.
    .executableTarget(name: "graph-sandbox", linkerSettings: [.unsafeFlags(helperLinking)]),

    // C libraries, each wrapped by exactly one target above.
    .target(name: "CLinux"),
    system("CCrypto", "libcrypto", "libssl-dev"),
    system("CYAML", "yaml-0.1", "libyaml-dev"),
    system("CSQLite", "sqlite3", "libsqlite3-dev"),
    system("CZstd", "libzstd", "libzstd-dev"),
    system("CZlib", "zlib", "zlib1g-dev"),
    // Those that bring many others are loaded when they are first used.
    .target(name: "CLibrary"),
    .target(name: "CArchive", dependencies: ["CLibrary"]),
    .target(name: "CGit2", dependencies: ["CLibrary"]),
    .target(name: "CSolv", dependencies: ["CLibrary"]),

    .target(name: "Randomness", path: "Tests/Randomness", swiftSettings: swift),
    .target(name: "FaultShim", path: "Tests/FaultShim", publicHeadersPath: "."),
    // An action that tries to get out of the sandbox; static, so that it runs in any root.
    .executableTarget(
      name: "intruder", path: "Tests/Intruder", linkerSettings: [.unsafeFlags(helperLinking)]),

    tests("GraphCoreTests", ["GraphCore"]),
    tests("FormatsTests", ["Formats", "GraphCore", "Randomness"]),
    tests("ManifestsTests", ["Manifests", "GraphCore"]),
    tests("ResolveTests", ["Resolve", "Manifests", "GraphCore", "SourceControl"]),
    tests("RulesTests", ["Rules", "Resolve", "Manifests", "GraphCore", "Formats", "Randomness"]),
    tests("StoreTests", ["Store", "GraphCore", "Formats", "CLinux", "Randomness"]),
    tests(
      "ExecuteTests",
      [
        "Execute", "GraphCore", "Formats", "CLinux",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    tests(
      "RemoteExecutionTests",
      [
        "RemoteExecution", "Execute", "Store", "GraphCore", "Formats",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ], exclude: ["drive.py"]),
    tests("PublishTests", ["Publish", "GraphCore"]),
    tests("WaveTests", ["Execute", "GraphCore", "Randomness"]),
    tests("SourceControlTests", ["SourceControl", "GraphCore"]),
    tests("ReportTests", ["Report", "GraphCore", "Store", "Formats"]),
    tests("TidyTests", []),
    tests(
      "CommandLineTests",
      [
        "graph", "GraphCore", "Manifests", "Formats",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    tests("EndToEndTests", ["GraphCore", "Randomness"], exclude: ["Agreement"]),
  ] + fuzzing
)
