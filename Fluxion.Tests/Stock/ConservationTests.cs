using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using CsCheck;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Stock;

/// <summary>
/// The ledger's invariants under random commands of all kinds, valid and invalid, repeated, backdated and concurrent, through the real host
/// and database. A failing run prints its seed; CsCheck_Seed=… replays it. FLUXION_MODEL_COMMANDS is the number of commands in each test.
/// </summary>
public sealed class ConservationTests(LedgerHost host)
{
    private const int Products = 3; // a counted product, a counted one with backorder, and a measured one
    private const decimal OverReceipt = 1.1m;
    private static readonly int Commands = int.TryParse(
        Environment.GetEnvironmentVariable("FLUXION_MODEL_COMMANDS"),
        CultureInfo.InvariantCulture,
        out var n
    )
        ? n
        : 3000;
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The hour of a command that occurs when it is sent, after all commands with an hour of their own.</summary>
    private const int Now = int.MaxValue;

    /// <param name="Hour">The number of hours after the epoch when it occurred, or <see cref="Now"/>.</param>
    /// <param name="Of">A random number that selects the document, the cost or the quantity lost.</param>
    private sealed record Command(string Kind, int Store, int Product, decimal Quantity, int Hour, int Of)
    {
        internal decimal Adjustment => Of % 2 == 0 ? Quantity : -Quantity;
        internal decimal Lost => Of % 3 == 0 ? 1 : 0;
        internal decimal Damaged => Of % 5 == 0 ? 2 : 0;
        internal decimal Arrived => Quantity + Lost + Damaged;
        internal bool IsPaid => Of % 2 == 0;
        internal bool ReleasesRest => Of % 4 == 0;
        internal string Reason => Of % 2 == 0 ? "damage" : "sample";

        /// <summary>Whether it records a fact, which is accepted even when less remains than is reserved.</summary>
        internal bool IsFact => Kind is "adjust" or "count" || (Kind == "issue" && Reason == "damage");
    }

    /// <summary>A receipt, a sale, a transfer, a reservation or a purchase order. Its kind is the command that created it.</summary>
    private sealed record Document(string Kind, Guid Id, int Store, int Product, int Hour, decimal Quantity, string State)
    {
        public string State { get; set; } = State;

        /// <summary>The quantity that was returned, sent back or delivered, that arrived, or that is no longer held.</summary>
        public decimal Done { get; set; }

        /// <summary>The quantity that is left.</summary>
        public decimal Rest => Quantity - Done;

        /// <summary>The amounts of a sale: open, paid, and paid but not refunded.</summary>
        public (decimal Open, decimal Paid, decimal Held) Money { get; set; }

        /// <summary>The status of a sale by the table of states.</summary>
        public string SaleStatus =>
            this switch
            {
                { State: "cancelled" } => "cancelled",
                { Money.Open: < 0 } => "refund_due",
                { Done: > 0, Money.Paid: > 0 } when Money.Open + Money.Held == 0 => "refunded",
                { Done: > 0 } when Money.Open + Money.Held == 0 => "returned",
                { Money.Open: 0 } => "paid",
                { Money.Held: > 0 } => "partial",
                _ => "pending",
            };
    }

    /// <summary>The amount of every refund in the model.</summary>
    private const decimal Refund = 1;

    /// <summary>
    /// Commands on documents: the kind of document, the states that allow the command, and the resulting state. Null means that the state
    /// depends on the quantities.
    /// </summary>
    private static readonly Dictionary<string, (string Of, string[] From, string? To)> OnDocuments = new()
    {
        ["cancel"] = ("sell", ["open"], "cancelled"),
        ["return"] = ("sell", ["open"], "open"),
        ["refund"] = ("sell", ["open"], "open"),
        ["send-back"] = ("receive", ["open"], "open"),
        ["arrive"] = ("send", ["in_transit", "partial"], null),
        ["recall"] = ("send", ["in_transit", "partial"], "cancelled"),
        ["release"] = ("reserve", ["open"], "released"),
        ["fulfil"] = ("reserve", ["open"], null),
        ["order-send"] = ("order", ["draft"], "sent"),
        ["order-confirm"] = ("order", ["sent"], "confirmed"),
        ["deliver"] = ("order", ["sent", "confirmed", "partial"], null),
        ["order-close"] = ("order", ["partial"], "received"),
        ["order-cancel"] = ("order", ["draft", "sent", "confirmed"], "cancelled"),
    };

    private static Gen<Command> Of(params string[] kinds) =>
        Gen.Select(
            Gen.Int[0, kinds.Length - 1].Select(i => kinds[i]),
            Gen.Int[0, 1],
            Gen.Int[0, Products - 1],
            Gen.Frequency(
                (8, Gen.Int[1, 30].Select(q => (decimal)q)),
                (1, Gen.Int[-2, 0].Select(q => (decimal)q)),
                (1, Gen.Int[1, 9999].Select(q => q / 1000m))
            ),
            Gen.Int[0, 99],
            Gen.Int[0, 1000],
            (kind, store, product, quantity, hour, of) => new Command(kind, store, product, quantity, hour, of)
        );

    /// <summary>
    /// The model of one stock item: its movements by hour. A count states what was on hand, and a movement from before a count does not
    /// change today's stock.
    /// </summary>
    private sealed record Model(ImmutableList<(int Hour, decimal Change)> Movements, ImmutableList<int> Counts, decimal Reserved)
    {
        public static readonly Model Empty = new([], [], 0);

        public decimal OnHand => Movements.Sum(m => m.Change);
        public decimal Available => OnHand - Reserved;

        public Model Move(int hour, decimal change)
        {
            var moved = Movements.Add((hour, change));
            return this with
            {
                Movements = Counts.Where(count => count > hour).Order().Select(count => (int?)count).FirstOrDefault() is { } seen
                    ? moved.Add((seen, -change))
                    : moved,
            };
        }

        public Model Count(int hour, decimal counted) =>
            Move(hour, counted - Movements.Where(m => m.Hour <= hour).Sum(m => m.Change)) with
            {
                Counts = Counts.Add(hour),
            };

        public Model Reserve(decimal quantity) => this with { Reserved = Reserved + quantity };
    }

    /// <summary>The changes that an accepted command makes to stock items.</summary>
    private static IEnumerable<((int Store, int Product) Item, Func<Model, Model> Change)> Effects(Command c, Document? of)
    {
        var (here, there, q, hour) = (
            (of?.Store ?? c.Store, of?.Product ?? c.Product),
            (1 - (of?.Store ?? c.Store), of?.Product ?? c.Product),
            c.Quantity,
            c.Hour
        );
        return c.Kind switch
        {
            "receive" or "return" or "deliver" => [(here, m => m.Move(hour, q))],
            "issue" or "sell" or "send" or "send-back" => [(here, m => m.Move(hour, -q))],
            "adjust" => [(here, m => m.Move(hour, c.Adjustment))],
            "count" => [(here, m => m.Count(hour, q))],
            "bulk" => [(here, m => m.Move(hour, q).Move(hour, -1))],
            "cancel" => [(here, m => m.Move(hour, of!.Quantity))],
            "move" => [(here, m => m.Move(hour, -q)), (there, m => m.Move(hour, q))],
            "arrive" => [(there, m => m.Move(hour, c.Arrived).Move(hour, -c.Lost).Move(hour, -c.Damaged))],
            "reserve" => [(here, m => m.Reserve(q))],
            "recall" => [(here, m => m.Move(hour, q))],
            "release" => [(here, m => m.Reserve(-of!.Rest))],
            "fulfil" => [(here, m => m.Reserve(-(c.ReleasesRest ? of!.Rest : Math.Min(q, of!.Rest))).Move(hour, -q))],
            _ => [],
        };
    }

    /// <summary>Two stores and three products of one run, and the model's state of them.</summary>
    private sealed class Run(TestTenant tenant, string name)
    {
        public readonly Dictionary<(int Store, int Product), Model> Items = [];
        public readonly List<Document> Documents = [];
        public readonly List<(string Path, object? Body, string Key, Answer Answer)> Accepted = [];

        public static async Task<TestTenant> CreateTenant(LedgerHost host)
        {
            var tenant = await TestTenant.Create(host);
            (await tenant.Admin.Post("suppliers", new { code = "V1", businessName = "A supplier" })).ShouldBe(201);
            (await tenant.Admin.Put("settings", new { overReceiptPercent = (OverReceipt - 1) * 100 })).ShouldBe(200);
            return tenant;
        }

        public static async Task<Run> Create(TestTenant tenant)
        {
            var run = new Run(tenant, Guid.CreateVersion7().ToString("N")[^12..].ToUpperInvariant());
            for (var i = 0; i < 2; i++)
                (await run.Client.Post("stores", new { code = run.Store(i), name = "A store" })).ShouldBe(201);
            for (var i = 0; i < Products; i++)
            {
                (
                    await run.Client.Post(
                        "products",
                        new
                        {
                            sku = run.Sku(i),
                            name = "A product",
                            unitType = i == 2 ? "kg" : "unit",
                            costPrice = 2,
                            sellingPrice = 3,
                            taxRate = 16,
                            settings = new { allowBackorder = i == 1 },
                        }
                    )
                ).ShouldBe(201);
            }
            return run;
        }

        public Client Client => tenant.Admin;

        public string Store(int i) => $"S{i}-{name}";

        public string Sku(int i) => $"P{i}-{name}";

        public Model Item((int, int) item) => Items.GetValueOrDefault(item, Model.Empty);

        /// <summary>
        /// The command with one of the last documents that it applies to, mostly for a part of its quantity and at a later time. When there
        /// is no such document, the command becomes the one that creates it.
        /// </summary>
        public (Command Command, Document? Document) ForDocument(Command c)
        {
            if (!OnDocuments.TryGetValue(c.Kind, out var on))
                return (c, null);
            var last = Documents.Where(d => d.Kind == on.Of).TakeLast(3).ToList();
            if (last.Count == 0)
                return (c with { Kind = on.Of }, null);
            var of = last[c.Of % last.Count];
            var hour =
                c.Hour == Now || (of.Hour == Now && c.Of % 8 != 0) ? Now
                : of.Hour == Now ? c.Hour
                : Math.Max(0, of.Hour + (c.Hour / 4) - 3);
            return (
                c with
                {
                    Quantity =
                        c.Kind == "recall" ? of.Rest
                        : c.Quantity > 1 ? decimal.Ceiling(c.Quantity / 4)
                        : c.Quantity,
                    Hour = hour,
                },
                of
            );
        }

        public (string Path, object? Body) Request(Command c, Document? of)
        {
            var (store, sku, q, occurredAt) = (
                Store(of?.Store ?? c.Store),
                Sku(of?.Product ?? c.Product),
                c.Quantity,
                (DateTimeOffset?)(c.Hour == Now ? null : Epoch.AddHours(c.Hour))
            );
            var lines = new[] { new { sku, quantity = q } };
            object Transfer(bool immediate) =>
                new
                {
                    fromStore = store,
                    toStore = Store(1 - c.Store),
                    occurredAt,
                    immediate,
                    lines,
                };
            object Sale(Guid? reservation) =>
                new
                {
                    store,
                    occurredAt,
                    invoiceNumber = Guid.CreateVersion7().ToString(),
                    paymentMethod = "cash",
                    paymentStatus = c.IsPaid ? "paid" : "pending",
                    reservation,
                    releaseRest = reservation is not null && c.ReleasesRest,
                    lines,
                };
            return c.Kind switch
            {
                "receive" => (
                    "stock/receipts",
                    new
                    {
                        store,
                        occurredAt,
                        lines = new[]
                        {
                            new
                            {
                                sku,
                                quantity = q,
                                unitCost = 1 + (c.Of % 9),
                            },
                        },
                    }
                ),
                "issue" => (
                    "stock/issues",
                    new
                    {
                        store,
                        occurredAt,
                        reason = c.Reason,
                        lines,
                    }
                ),
                "send-back" => ($"stock/receipts/{of!.Id}/returns", new { occurredAt, lines }),
                "adjust" => (
                    "stock/adjustments",
                    new
                    {
                        store,
                        occurredAt,
                        reason = "correction",
                        lines = new[] { new { sku, quantity = c.Adjustment } },
                    }
                ),
                "count" => (
                    "stock/counts",
                    new
                    {
                        store,
                        occurredAt,
                        lines,
                    }
                ),
                "bulk" => (
                    "stock/movements",
                    new
                    {
                        occurredAt,
                        lines = (object[])
                            [
                                new
                                {
                                    type = "receipt",
                                    store,
                                    sku,
                                    quantity = q,
                                },
                                new
                                {
                                    type = "issue",
                                    store,
                                    sku,
                                    quantity = 1,
                                    reason = "sample",
                                },
                            ],
                    }
                ),
                "send" or "move" => ("stock/transfers", Transfer(immediate: c.Kind == "move")),
                "arrive" => (
                    $"stock/transfers/{of!.Id}/receipts",
                    new
                    {
                        occurredAt,
                        lines = new[]
                        {
                            new
                            {
                                sku,
                                received = q,
                                lost = c.Lost,
                                damaged = c.Damaged,
                            },
                        },
                    }
                ),
                "recall" => ($"stock/transfers/{of!.Id}/cancel", new { occurredAt, reason = "a test" }),
                "reserve" => (
                    "stock/reservations",
                    new
                    {
                        reference = "web-88",
                        lines = new[]
                        {
                            new
                            {
                                store,
                                sku,
                                quantity = q,
                            },
                        },
                    }
                ),
                "release" => ($"stock/reservations/{of!.Id}/release", null),
                "sell" or "fulfil" => ("sales", Sale(of?.Id)),
                "cancel" => ($"sales/{of!.Id}/cancel", new { reason = "a test", occurredAt }),
                "refund" => (
                    $"sales/{of!.Id}/refunds",
                    new
                    {
                        occurredAt,
                        amount = Refund,
                        method = "cash",
                    }
                ),
                "return" => ($"sales/{of!.Id}/returns", new { occurredAt, lines = new[] { new { lineNumber = 1, quantity = q } } }),
                "order" => (
                    "purchase-orders",
                    new
                    {
                        store,
                        supplier = "V1",
                        orderNumber = $"O-{Guid.CreateVersion7():N}",
                        orderDate = Epoch.AddDays(-1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                        lines = new[]
                        {
                            new
                            {
                                sku,
                                quantity = q,
                                unitCost = 1 + (c.Of % 9),
                            },
                        },
                    }
                ),
                "deliver" => ($"purchase-orders/{of!.Id}/receipts", new { occurredAt, lines }),
                "order-send" or "order-confirm" or "order-close" or "order-cancel" => ($"purchase-orders/{of!.Id}/{c.Kind[6..]}", null),
                _ => (
                    "stock/issues",
                    new
                    {
                        store,
                        reason = "damage",
                        lines = new[] { new { sku = "NO-SUCH", quantity = 1 } },
                    }
                ),
            };
        }

        /// <summary>The statuses with which a command may be refused; none when it must be accepted.</summary>
        public IEnumerable<int> ExpectedRefusals(Command c, Document? of)
        {
            var (q, isSigned) = (c.Quantity, c.Kind is "adjust" or "count" or "arrive");
            var hasQuantity =
                c.Kind is not ("cancel" or "refund" or "recall" or "release" or "nonsense")
                && !c.Kind.StartsWith("order-", StringComparison.Ordinal);
            if (c.Kind == "nonsense")
                yield return 404;
            if (
                hasQuantity
                && (
                    (q <= 0 && !isSigned)
                    || (q < 0 && c.Kind != "adjust")
                    || (q == 0 && c.Kind == "adjust")
                    || (c.Arrived == 0 && c.Kind == "arrive")
                )
            )
                yield return 400;
            if (hasQuantity && q % 1 != 0 && (of?.Product ?? c.Product) < 2)
                yield return 400;
            if (of is not null && !OnDocuments[c.Kind].From.Contains(of.State))
                yield return 409;
            if (
                of is not null
                && c.Kind is "cancel" or "return" or "refund" or "send-back" or "arrive" or "recall" or "fulfil"
                && c.Hour < of!.Hour
            )
                yield return 400;
            if (
                c.Kind switch
                {
                    "cancel" => of!.Done > 0,
                    "return" or "send-back" => of!.Done + q > of.Quantity,
                    "refund" => of!.Money.Held < Refund,
                    "arrive" => of!.Done + c.Arrived > of.Quantity,
                    "deliver" => of!.Done + q > of.Quantity * OverReceipt,
                    _ => false,
                }
            )
                yield return 409;
            if (Effects(c, of).Any(e => e.Item.Product != 1 && ExceedsStock(c, Item(e.Item), e.Change(Item(e.Item)))))
                yield return 409;
        }

        /// <summary>
        /// Whether a command would make on hand negative, or take more than is available. Facts may take more than is available.
        /// </summary>
        private static bool ExceedsStock(Command c, Model before, Model after) =>
            (after.OnHand < 0 && after.OnHand < before.OnHand) || (!c.IsFact && after.Available < 0 && after.Available < before.Available);

        /// <summary>
        /// Checks the receipt of an accepted command beyond the stock: reservations that are now short, and the amounts of a sale.
        /// </summary>
        public void ReceiptShouldMatch(Command c, Document? of, Answer answer)
        {
            if (c.Kind is "issue" or "adjust" or "count")
            {
                var (item, change) = Effects(c, of).Single();
                var (before, after) = (Item(item), change(Item(item)));
                var by = c.IsFact && item.Product != 1 && after.OnHand < before.OnHand ? Math.Max(0, -after.Available) : 0;
                answer.Json["reservationsShort"]!
                    .AsArray()
                    .Sum(r => r!["shortBy"]!.GetValue<decimal>())
                    .ShouldBe(by, $"{c}: {answer.Text}");
            }
            if (c.Kind == "recall")
                Number(answer.Json["lines"]![0]!["returned"]).ShouldBe(of!.Rest);
            if (MoneyOf(answer) is not { } now || of is not { Kind: "sell" })
                return;
            var (open, paid, held) = of.Money;
            switch (c.Kind)
            {
                case "refund":
                    now.ShouldBe((open + Refund, paid, held - Refund));
                    break;
                case "cancel":
                    now.ShouldBe((0, paid, 0));
                    break;
                case "return":
                    (now.Paid, now.Held).ShouldBe((paid, held));
                    now.Open.ShouldBeInRange(-held, of.Done + c.Quantity == of.Quantity ? -held : open);
                    break;
                default:
                    break;
            }
        }

        private static decimal Number(JsonNode? node) => node!.GetValue<decimal>();

        /// <summary>The amounts of a sale, or null when the answer is not that of a sale.</summary>
        private static (decimal Open, decimal Paid, decimal Held)? MoneyOf(Answer answer) =>
            answer.Json["amountPaid"] is { } paid
                ? (Number(answer.Json["openAmount"]), Number(paid), Number(paid) - Number(answer.Json["amountRefunded"]))
                : null;

        /// <summary>Applies an accepted command to the model.</summary>
        public void Apply(Command c, Document? of, Answer answer)
        {
            // the quantity that had not arrived by then
            if (c.Kind == "recall")
                c = c with { Quantity = Number(answer.Json["lines"]![0]!["returned"]) };
            foreach (var (item, change) in Effects(c, of))
                Items[item] = change(Item(item));
            var state = c.Kind switch
            {
                "receive" or "sell" or "fulfil" or "reserve" => "open",
                "send" => "in_transit",
                "move" => "received",
                "order" => "draft",
                _ => null,
            };
            if (state is not null)
            {
                Documents.Add(
                    new Document(
                        c.Kind switch
                        {
                            "fulfil" => "sell",
                            "move" => "send",
                            var kind => kind,
                        },
                        answer.Json["id"]!.GetValue<Guid>(),
                        of?.Store ?? c.Store,
                        of?.Product ?? c.Product,
                        c.Kind == "reserve" ? Now : c.Hour,
                        c.Quantity,
                        state
                    )
                    {
                        Done = c.Kind == "move" ? c.Quantity : 0,
                        Money = MoneyOf(answer) ?? default,
                    }
                );
            }
            if (of is null)
                return;
            of.Done += c.Kind switch
            {
                "return" or "send-back" or "deliver" => c.Quantity,
                "arrive" => c.Arrived,
                "release" => of.Rest,
                "fulfil" => c.ReleasesRest ? of.Rest : Math.Min(c.Quantity, of.Rest),
                _ => 0,
            };
            if (of.Kind == "sell")
                of.Money = MoneyOf(answer) ?? of.Money;
            of.State =
                OnDocuments[c.Kind].To
                ?? (c.Kind, IsDone: of.Done >= of.Quantity) switch
                {
                    ("fulfil", true) => "fulfilled",
                    ("fulfil", false) => "open",
                    (_, true) => "received",
                    _ => "partial",
                };
        }

        /// <param name="andOrders">Whether to check on order too, which follows from the states of the orders.</param>
        public async Task StockShouldMatchModel(bool andOrders)
        {
            for (var store = 0; store < 2; store++)
            {
                var rows = (await Client.Get($"inventory?store={Store(store)}")).ShouldBe(200).Json["items"]!
                    .AsArray()
                    .ToDictionary(row => row!["sku"]!.GetValue<string>()[1] - '0', row => row!);
                for (var product = 0; product < Products; product++)
                {
                    decimal Number(string field) => rows.GetValueOrDefault(product)?[field]?.GetValue<decimal>() ?? 0;
                    (Number("onHand"), Number("reserved")).ShouldBe(
                        (Item((store, product)).OnHand, Item((store, product)).Reserved),
                        $"{store} {product}"
                    );
                    if (!andOrders)
                        continue;
                    Number("onOrder")
                        .ShouldBe(
                            Documents
                                .Where(d =>
                                    d is { Kind: "order", State: "sent" or "confirmed" or "partial" }
                                    && (d.Store, d.Product) == (store, product)
                                )
                                .Sum(d => Math.Max(0, d.Quantity - d.Done)),
                            $"{store} {product}"
                        );
                }
            }
        }

        public async Task StatesShouldMatchModel()
        {
            foreach (
                var (kind, path, field) in ((string, string, string)[])
                    [
                        ("send", "stock/transfers", "status"),
                        ("reserve", "stock/reservations", "status"),
                        ("order", "purchase-orders", "status"),
                        ("sell", "sales", "paymentStatus"),
                    ]
            )
            {
                var states = new Dictionary<Guid, string>();
                for (var store = 0; store < 2; store++)
                {
                    foreach (
                        var row in (await Client.Get($"{path}?store={Store(store)}&limit=1000")).ShouldBe(200).Json["items"]!.AsArray()
                    )
                        states[row!["id"]!.GetValue<Guid>()] = row[field]!.GetValue<string>();
                }
                states.ShouldBe(
                    Documents.Where(d => d.Kind == kind).ToDictionary(d => d.Id, d => kind == "sell" ? d.SaleStatus : d.State),
                    ignoreOrder: true
                );
            }
        }

        /// <summary>
        /// Invariants that no interleaving may break. On hand is the sum of the movements, and its value is their value except for
        /// rounding. Reserved is the sum of the open reservations. Without backorder on hand is never negative, and available is negative
        /// only after facts. A quantity sent to another store is in transit, arrived or came back. No more is delivered than allowed, and
        /// no more goes back than came. A return to a supplier leaves at its inbound cost, which the average of the rest cannot always
        /// compensate.
        /// </summary>
        public async Task InvariantsShouldHold(LedgerHost host)
        {
            await using var superuser = await host.OpenSuperuser();
            (
                await superuser.Column<string>(
                    $"""
                    set search_path = {tenant.Schema};
                    with mine as (select * from products where sku like '%{name}')
                    select p.sku || ' ' || i.quantity_on_hand || ' ' || i.quantity_reserved || ' ' || i.cost_per_unit || ': ' ||
                        coalesce(sum(m.quantity), 0) || ' ' || coalesce(sum(m.quantity * m.cost_per_unit), 0)
                    from inventory i
                    join mine p on p.id = i.product_id
                    left join inventory_movements m on m.product_id = i.product_id and m.store_id = i.store_id
                    group by p.sku, i.id, i.product_id, i.store_id
                    having i.quantity_on_hand <> coalesce(sum(m.quantity), 0) or (p.sku not like 'P1%' and (i.quantity_on_hand < 0
                           or i.quantity_available < 0
                               and not bool_or(m.quantity < 0 and (m.reference_type in ('adjustment', 'count') or m.reason = 'damage'))
                           or not bool_or(m.reason is not distinct from 'return_to_supplier')
                               and abs(i.quantity_on_hand * i.cost_per_unit - coalesce(sum(m.quantity * m.cost_per_unit), 0)) > 0.5))
                        or i.quantity_reserved <> (select coalesce(sum(quantity_held), 0) from reservation_items r
                            where r.product_id = i.product_id and r.store_id = i.store_id)
                    union all
                    select p.sku || ' in transit ' || sum(t.quantity_in_transit)
                    from mine p join transfer_items t on t.product_id = p.id
                    group by p.id, p.sku
                    having -sum(t.quantity_in_transit) <> (select sum(quantity) from inventory_movements m
                        where m.product_id = p.id and m.reference_type = 'transfer')
                    union all
                    select p.sku || ' delivered ' || l.quantity_received
                    from mine p join purchase_order_items l on l.product_id = p.id
                    where l.quantity_received < 0 or l.quantity_received > l.quantity_ordered * {OverReceipt.ToString(
                        CultureInfo.InvariantCulture
                    )}
                    """
                )
            ).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task sequential_random_commands_end_in_the_state_of_the_model()
    {
        var tenant = await Run.CreateTenant(host);
        await Of(
            "receive",
            "receive",
            "receive",
            "issue",
            "adjust",
            "count",
            "bulk",
            "sell",
            "sell",
            "cancel",
            "return",
            "refund",
            "send-back",
            "send",
            "send",
            "move",
            "arrive",
            "arrive",
            "recall",
            "reserve",
            "reserve",
            "release",
            "fulfil",
            "fulfil",
            "order",
            "order",
            "order-send",
            "order-send",
            "order-send",
            "order-confirm",
            "deliver",
            "deliver",
            "deliver",
            "order-close",
            "order-cancel",
            "repeat",
            "nonsense"
        )
            .Array[100]
            .SampleAsync(
                async commands =>
                {
                    var run = await Run.Create(tenant);
                    foreach (var c in commands)
                    {
                        if (c.Kind == "repeat")
                        {
                            if (run.Accepted.Count == 0)
                                continue;
                            var earlier = run.Accepted[c.Of % run.Accepted.Count];
                            (await run.Client.Post(earlier.Path, earlier.Body, earlier.Key))
                                .ShouldBe(earlier.Answer.Status)
                                .Text.ShouldBe(earlier.Answer.Text);
                            continue;
                        }
                        var (command, of) = run.ForDocument(c);
                        var ((path, body), key, faults) = (
                            run.Request(command, of),
                            Guid.CreateVersion7().ToString(),
                            run.ExpectedRefusals(command, of).ToHashSet()
                        );
                        var answer = await run.Client.Post(path, body, key);
                        answer.Status.ShouldBeOneOf(faults.Count == 0 ? [200, 201] : [.. faults], $"{command} {of}: {answer.Text}");
                        if (faults.Count > 0)
                            continue;
                        run.ReceiptShouldMatch(command, of, answer);
                        run.Apply(command, of, answer);
                        run.Accepted.Add((path, body, key, answer));
                    }
                    await run.StockShouldMatchModel(andOrders: true);
                    await run.StatesShouldMatchModel();
                    await run.InvariantsShouldHold(host);
                },
                iter: Math.Max(1, Commands / 100),
                threads: 1
            );
        await host.ReplayShouldBeEqual(tenant);
    }

    [Fact]
    public async Task concurrent_repeated_random_commands_leave_stock_equal_to_the_accepted_ones()
    {
        var tenant = await Run.CreateTenant(host);
        await Of(
            "receive",
            "receive",
            "issue",
            "adjust",
            "bulk",
            "sell",
            "cancel",
            "return",
            "refund",
            "send-back",
            "send",
            "move",
            "arrive",
            "recall",
            "reserve",
            "release",
            "fulfil",
            "order",
            "order-send",
            "order-send",
            "deliver",
            "deliver",
            "order-close",
            "order-cancel",
            "nonsense"
        )
            .Array[48]
            .SampleAsync(
                async commands =>
                {
                    var run = await Run.Create(tenant);
                    foreach (var together in commands.Chunk(12))
                    {
                        var answers = await Task.WhenAll(
                            together
                                .Select(c => run.ForDocument(c with { Hour = Now }))
                                .Select(async c =>
                                {
                                    var ((path, body), key) = (run.Request(c.Command, c.Document), Guid.CreateVersion7().ToString());
                                    return (
                                        c.Command,
                                        c.Document,
                                        Both: await Task.WhenAll(run.Client.Post(path, body, key), run.Client.Post(path, body, key))
                                    );
                                })
                        );
                        foreach (var (command, document, both) in answers)
                        {
                            foreach (var answer in both)
                                answer.Status.ShouldBeOneOf([200, 201, 400, 404, 409], answer.Text);
                            var accepted = both.Where(a => a.Status < 400).ToList(); // the repeat of a refused request may be accepted
                            if (accepted.Count == 0)
                                continue;
                            accepted.Select(a => a.Text).Distinct().ShouldHaveSingleItem();
                            run.Apply(command, document, accepted[0]);
                        }
                    }
                    // the order of concurrent commands on one document is unknown, and so is the resulting state
                    await run.StockShouldMatchModel(andOrders: false);
                    await run.InvariantsShouldHold(host);
                },
                iter: Math.Max(1, Commands / 96),
                threads: 1
            );
        await host.ReplayShouldBeEqual(tenant);
    }
}
