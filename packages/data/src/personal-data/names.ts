import type { PersonalDatum } from "./kinds.js";

/** Of a name in a list, with what follows it. */
const MOST_CHARACTERS = 8;

/** The commonest family names, single and double. */
const SINGLE =
  "王李张刘陈萧杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁房滕屈饶解牟艾尤穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池麻苑迟邝";
const DOUBLE = [
  "欧阳",
  "司马",
  "上官",
  "诸葛",
  "东方",
  "皇甫",
  "尉迟",
  "公孙",
  "令狐",
  "慕容",
  "司徒",
  "夏侯",
  "端木",
  "南宫",
  "长孙",
  "宇文",
];
const FAMILY = `(?:${DOUBLE.join("|")}|[${SINGLE}])`;

/** Characters that follow a name rather than end it. */
const FOLLOWING =
  "想要问是的来在和有说住也我你他她它了吗呢吧啊就都还会能可把被让给跟与及或但不没很从对到去找需预订打电手身买退换收寄联请先女";
const BOUNDARY = "(?=$|[^\\p{Script=Han}]|[" + FOLLOWING + "])";

/** Words of which the first character is a family name too. */
const NO_NAMES =
  /^(?:程序|高中|高级|高管|方便|安全|安装|常客|全职|金牌|马上|于是|白领|文员|路过|应届|时候|连接|明天|明白|任何|向来|成年|和你|华为|万科|石家庄|江苏|江西|安徽|宁波|宁夏|温州|广州|沙发|车主|司机|店主|路人|管理|房东|房主|商家|师傅|党员|农民|边上|单身|单位|全部|全家|全款|关于|解决|应该|景点|游客|成都|武汉|查询|查一|查看|祝您|明星|包括|严重|任意|万一|高兴|高铁|白天|黄金|金额|何时|何地|毕竟|尤其|时间|古代|吉林|简单|项目|连锁|费用|冷气|席位|卫生|米饭|宗教|桂林|应用|仇人|商品|荣幸|池塘|麻烦|路痴|路盲|高峰|高清|高级|文明|文艺|安心|安静|安排|安检|平安|全新|全文|成功|成人|成本|成立|关心|关系|明细|明年|白金|金融|金额|金卡|银卡|温馨|常见|常用|古镇|石油|于今|余额|贝贝|项链|路线|路边|车站|车票|车次|车牌|时代|时段|时长|任务|向往|和平|都是|应付|应收|边界|支付|支持|方式|方案|方向|万元|万达|万豪|喻为|容易|顾客|康复|施工|纪念|严重|左右|段落|龙虾|龙头|鲁菜|粤菜|川菜|水果|华东|华南|华北|华中|华丽|金华|温泉|海鲜|沙拉|毛巾|毛衣|牛奶|牛肉|羊肉|马桶|马路|熊猫|花园|花卉|雷达|雷雨|冷饮|米线|麦片|苗族|谷歌|苹果|周一|周二|周三|周四|周五|周六|周日|周末|周边|周围|周年|周期|钱包|钱款|陈列|房间|房号|房型|包括|包裹|包装|包邮|包厢|卡通|游泳|游戏|游玩|党校|黄山|黄河|唐朝|宋朝|元旦|明朝|清朝|汉语|江南|江北|江湖|梅花|曲目|柴油|管家|管道|宗旨|祝福|祝好|尚未|柳州|武术|戴尔|梁山|米兰|伍佰|申请|申诉|申通|季度|季节|符合|卫浴|巫山|桑拿|仲裁|郎酒|丛林|终于)/;

/** Characters that given names are made of; where little says that a name follows, it is one of these. */
const GIVEN_CHARACTERS =
  "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂玉萍红建华文辉力鹏云飞鑫波斌宇浩凯健俊帆旭宁龙林雪梅琳莉燕玲凤洁颖晶倩婷雯慧欣怡佳雅琪琴莹蕾薇菲露瑶璐萱涵轩睿博泽晨阳晓东南北春夏秋冬国栋梁志永庆祥瑞吉福贵荣昌盛兴旺德仁义礼智信忠孝良善诚恒思远达通海江河山川峰岳石松柏竹菊荷莲蓉芬芝芸茜茵若诗语梦心念忆安康乐喜欢悦愉然哲贤才学诗书翰墨子一诺依伊可宝贝贞淑惠娴婉妍媛嫣姗姝娥妮嘉豪杰雄威武毅坚锋锐钢铁铭钧铎锦钰银金根生成立新天地日月星辰光亮灿烂耀炜烨煜熙昊昕昱景晟晗晖朗润泉清源洪涌渊深湘沛沁泓淼溪滨冰霜雨雷霖震霆宏宽广大小少长久万千百世代继承传家业基树森桐楠柳桦榕彬彪虎骏驰腾翔鸿鹤鹰燕鹃鸣凡尘双全友朋亦如意愿望希冀期真美好颜容仪修齐治正直方圆中和谦逊恭敬勤俭启迪奇异卓越优胜利争光复初元亨俪璇琦瑜瑾瑛珊珍珠玥琰琬璟皓皎霏霓虹彤丹青蓝紫素白翠碧绮纹绣缨绍维纲经纬综统领首冠群英雄飒爽爱佩佑保卫民权政法律师轼辙进步升登攀丰裕富足同均季仲伯孟叔尔其之乎者也士儒道禅悟澄湛泰然舒畅娅菁莎萌蕊芊芷苒蓓蔓薏澜漪滢潇洛淇涟楚樱桃杏梓榆椿槿毓育培垚坤乾坡城垒堂尧舜禹汤渝蜀秦晋鲁燕赵韩魏宋齐梁陈隋唐宗祖显耿魁轲辅弼来西有为守业茂盈盛逸超凡";
const GIVEN_NAME = `[${GIVEN_CHARACTERS}]{1,2}`;
/** A family name and characters of given names, as far as they go. */
const LIKELY = `${FAMILY}${GIVEN_NAME}`;
/** What may follow a likely name in the middle of a sentence, besides {@link FOLLOWING}. */
const LIKELY_BOUNDARY = "(?=$|[^\\p{Script=Han}]|[" + FOLLOWING + "反投申提表已正将本亲代])";

/** Words for the people whom a form has a field for. */
const FIELDS =
  "姓名|联系人|收件人|收货人|寄件人|发件人|签收人|取件人|(?<!客)户名|户主|持卡人|开户人|收款人|付款人|汇款人|入住人|住客|乘机人|乘车人|旅客|预订人|预定人|订票人|购票人|订餐人|下单人|投保人|被保险人|受益人|挂号人|就诊人|驾驶员|代理人|代办人|经办人|申请人|负责人|担保人|法人代表|法定代表人|抬头个人";
const INTRODUCED = new RegExp(
  `(?:(?:我叫|我的名字(?:是|叫)|名字(?:是|叫)|${FIELDS})(?:姓名|名字|信息)?(?:显示|一栏|写)?(?:叫|是|为|:|,|改成|改为|换成| ){0,3}|(?:乘客|患者|本人)(?:姓名|名字)?(?:叫|:))(${LIKELY}(?![\\p{Script=Han}])|${FAMILY}[\\p{Script=Han}]{1,2}(?![\\p{Script=Han}])|${LIKELY}${LIKELY_BOUNDARY}|${FAMILY}[\\p{Script=Han}]{1,2}?${BOUNDARY})`,
  "gu",
);
const I_AM = new RegExp(
  `(?<=^|[^\\p{Script=Han}]|[您你]好)(?:(?:我是|这里是|这是|这边是)(?=${FAMILY})|本人(?=${LIKELY}))(${FAMILY}[\\p{Script=Han}]{1,2})(?=$|[,.!?;，。！？；、\\s])`,
  "gu",
);

/** Who somebody is to the speaker or to a company; a name may follow, and much else. */
const ROLES =
  "客户|用户|顾客|会员|学员|学生|家长|业主|机主|车主|房东|房客|租客|买家|卖家|乘客|患者|病人|客人|同事|朋友|同学|室友|老公|老婆|妻子|丈夫|爱人|我先生|我太太|女儿|儿子|孩子|小孩|宝宝|爸爸|妈妈|父亲|母亲|爷爷|奶奶|哥哥|姐姐|弟弟|妹妹|女友|男友|女朋友|男朋友|领导|抬头";
const AFTER_ROLE = new RegExp(
  `(?:${ROLES})(?:的?(?:姓名|名字))?(?:叫|名叫|是|为|:|,| ){0,2}(${LIKELY})${LIKELY_BOUNDARY}`,
  "gu",
);
/** Somebody to whom a thing goes, or who is called so: `寄给`, `他叫`. */
const GIVEN_TO = new RegExp(
  `(?:[寄发转送交留出开带退汇打]给|(?<=^|[^\\p{Script=Han}]|[我他她人者姓])(?:叫|叫做)|(?:改成|换成|改为)(?=.{2,4}(?:收|的名字)))(${LIKELY})${LIKELY_BOUNDARY}`,
  "gu",
);
const FAMILY_ONLY = new RegExp(
  `(?:免贵|我|本人|他|她|客人|对方)姓(${FAMILY})(?=$|[^\\p{Script=Han}]|的)`,
  "gu",
);
/** `某某本人`, `某某收`, and a name beside a mobile number. */
const ITSELF = new RegExp(
  `(?<=^|[^\\p{Script=Han}]|[是由给请让])(${LIKELY})(?=本人|亲自|(?:代?收|签收)(?:$|[^\\p{Script=Han}])|[ ,:、]{0,2}1[3-9]\\d{9}(?!\\d))`,
  "gu",
);
const BEHIND_NUMBER = new RegExp(`1[3-9]\\d{9}[ ,、]{1,2}(${LIKELY})(?=$|[^\\p{Script=Han}])`, "gu");
/** Another name behind one: `甲和乙`. */
const AND_ANOTHER = new RegExp(`^(?:和|、|与|及|跟|,)(${LIKELY})${LIKELY_BOUNDARY}`, "u");

/** Not in the title of a song, as 《董小姐》, nor what is said to or of one without a name: `向老师`, `谢谢师傅`. */
const LEFT =
  "(?<=^|[^\\p{Script=Han}《]|[给找叫是的请位帮好跟和与为让替对问转系约由烦谢下])" +
  "(?![向祝连时全应](?:\\p{Script=Han}{2}))(?!(?<=谢)谢)";
const TITLED = new RegExp(`${LEFT}(${FAMILY}[\\p{Script=Han}]{0,2}?)(?=先生|女士|小姐(?!姐)|太太)`, "gu");
/** Titles of a trade; those of restaurants are part of their names. */
const TITLES =
  "经理|老师|师傅|医生|大夫|主任|总监|教授|护士|律师|警官|店长|老板|队长|班长|阿姨|叔叔|大爷|大姐|大哥|同学|同志";
const WITH_TITLE = new RegExp(
  `${LEFT}(${FAMILY}(?:${GIVEN_NAME})?)(?=(?:${TITLES})(?!红烧|[\\p{Script=Han}]{0,5}[店馆铺]))`,
  "gu",
);

/** Patterns with what any text they match has; that is looked for first. */
const CHINESE: readonly (readonly [RegExp, RegExp])[] = [
  [new RegExp(`我叫|名字|乘客|患者|本人|${FIELDS}`), INTRODUCED],
  [/我是|这里是|这是|这边是|本人/, I_AM],
  [new RegExp(ROLES), AFTER_ROLE],
  [/给|叫|[改换][成为]/, GIVEN_TO],
  [/姓/, FAMILY_ONLY],
  [/本人|亲自|收|1[3-9]\d{9}/, ITSELF],
  [/1[3-9]\d{9}/, BEHIND_NUMBER],
  [/先生|女士|小姐|太太/, TITLED],
  [new RegExp(TITLES), WITH_TITLE],
];

const GIVEN =
  "James|John|Robert|Michael|William|David|Richard|Joseph|Thomas|Charles|Christopher|Daniel|Matthew|Anthony|Mark|Steven|Paul|Andrew|Joshua|Kevin|Brian|George|Edward|Ronald|Timothy|Jason|Jeffrey|Ryan|Jacob|Gary|Nicholas|Eric|Jonathan|Stephen|Larry|Justin|Scott|Brandon|Benjamin|Samuel|Frank|Gregory|Raymond|Alexander|Patrick|Jack|Dennis|Jerry|Tyler|Aaron|Henry|Peter|Adam|Nathan|Oliver|Harry|Liam|Noah|Mary|Patricia|Jennifer|Linda|Elizabeth|Barbara|Susan|Jessica|Sarah|Karen|Lisa|Nancy|Betty|Sandra|Margaret|Ashley|Kimberly|Emily|Donna|Michelle|Carol|Amanda|Melissa|Deborah|Stephanie|Rebecca|Laura|Helen|Sharon|Cynthia|Kathleen|Amy|Angela|Anna|Emma|Olivia|Sophia|Isabella|Mia|Grace|Alice|Julia|Rachel|Hannah|Maria|Diana|Victoria|Natalie|Jane|Tom|Bob|Mike|Lucy|Kate|Steve|Dan|Dave|Chris|Nick|Sam|Ben|Alex|Max|Joe|Jim|Tim|Ken|Tony|Andy|Greg|Jeff|Rob|Will|Luke|Leo|Oscar|Lucas|Ethan|Mason|Logan|Jacob|Simon|Philip|Martin|Ian|Neil|Craig|Carl|Carlos|Juan|Jose|Luis|Miguel|Pedro|Antonio|Marco|Luca|Giovanni|Pierre|Jean|Hans|Klaus|Stefan|Sven|Lars|Erik|Ivan|Dmitri|Sergei|Vladimir|Ahmed|Mohammed|Muhammad|Ali|Omar|Hassan|Ibrahim|Fatima|Aisha|Priya|Raj|Ravi|Anil|Sunil|Deepak|Amit|Sanjay|Arjun|Wei|Ming|Jun|Yan|Li|Hiroshi|Kenji|Yuki|Sakura|Chloe|Zoe|Ella|Lily|Ava|Charlotte|Amelia|Isla|Ruby|Freya|Evie|Jessie|Molly|Abigail|Samantha|Christine|Catherine|Katherine|Megan|Lauren|Nicole|Heather|Tiffany|Crystal|Erin|Holly|Claire|Fiona|Gemma|Ingrid|Astrid|Elena|Sofia|Lucia|Carmen|Rosa|Ana|Nina|Eva|Ivy|Paula|Monica|Veronica|Teresa|Theresa|Ann|Anne|Annie|Judy|Joyce|Ruth|Rose|Irene|Doris|Marie|Beth|Tina|Gina|Wendy|Tracy|Stacy|Cindy|Mandy|Debbie";
/** `Smith`, `André`, `McNeely`, `O'Brien`, `Smith-Jones`. */
const CAPITALISED = "(?:\\p{Lu}\\p{Ll}{0,3}['’]?)?\\p{Lu}\\p{Ll}{1,20}(?:['’-]\\p{Lu}\\p{Ll}{1,20})?";
const INITIAL = "\\p{Lu}\\.";
/** Two names and more, initials between them. */
const FULL_NAME = `${CAPITALISED}(?: ${INITIAL}){0,2}(?: ${CAPITALISED}){1,2}`;
const FIRST_NAME = `(?:${GIVEN})(?: ${CAPITALISED})?(?!\\p{L})`;
const SOMEBODY = `(?:${FULL_NAME}|${FIRST_NAME})`;
/** Words with a capital of which the first or last is that of an office or a company. */
const NO_NAME =
  /^(?:The|Your|Our|This|Customer|Client|Guest|Technical|Tech|Live|Human|Great|Very|Premium|General|Apple|Amazon|Google|Microsoft|United|American|National|Royal|First|New|North|South|East|West|Saint|St|January|February|March|April|May|June|July|August|September|October|November|December|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Happy|Merry|Best|Kind|Thank|Thanks|Dear|Not|No|Yes|Please|Hi|Hello|Order|Account|Case|Ticket|Room|Flight|Same|Any|All|Some|Terminal|Gate)\b|\b(?:Service|Services|Support|Team|Department|Dept|Desk|Care|Center|Centre|Bank|Airlines|Airways|Hotel|Company|Inc|Ltd|Office|Group|Store|Shop|Street|Road|Avenue|Lane|Manager|Representative|Agent|Assistant|Account|Number|Address|Card|Name|Order|Terminal|Station|Airport|Hospital|University|Relations|Sales|Billing|Desk|Reception|Security|Insurance|Express|Pass|Pay|Plus|Prime|Pro|Boulevard|Drive|School|Park|Hours|Email)\b/;
/** What bears a title and is sold. */
const BRANDS = /^(?:Martens?|Pepper|Scholl|Oetker|Clean|Muscle)$/;
const RELATIVES =
  "husband|wife|daughter|son|mother|father|mom|mum|dad|brother|sister|friend|colleague|boss|partner|girlfriend|boyfriend|fianc[eé]e?|roommate|flatmate|neighbou?r|assistant|aunt|uncle|cousin|grandmother|grandfather";
const ENGLISH: readonly RegExp[] = [
  new RegExp(
    `(?<![A-Za-z])(?:[Mm]y (?:full |first |last |legal )?name (?:is|to)|[Mm]y name's|[Tt]he name (?:to|is)|(?:[Cc]ardholder|[Cc]ustomer|[Gg]uest|[Pp]assenger|[Pp]atient|[Cc]ontact|[Aa]ccount|[Rr]ecipient)? ?[Nn]ame ?:|[Nn]ame on (?:the |my )?[a-z]{3,12}(?: is| ?:)|[Cc]ardholder ?:?|[Rr]ecipient ?:|[Cc]ustomer ?:|[Pp]assenger ?:|[Gg]uest ?:|[Aa]ttn ?[.:]*) ?((?:${CAPITALISED}|\\p{Lu}{2,20}(?![\\p{L}]))(?: ${CAPITALISED}| ${INITIAL}| \\p{Lu}{2,20}(?![\\p{L}])){0,3})`,
    "gu",
  ),
  new RegExp(
    `(?<![A-Za-z])(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir)\\.? ((?:${INITIAL} ?){0,2}${CAPITALISED}(?: (?:${INITIAL} )?${CAPITALISED}){0,2})`,
    "gu",
  ),
  new RegExp(
    `(?<![A-Za-z])(?:[Tt]his is|I am|I'm|[Dd]ear|[Hh]i|[Hh]ello|[Rr]egards,|[Cc]ontact|[Cc]all me|[Aa]sk for) ((?:${GIVEN})(?: ${CAPITALISED})?)(?!\\p{L})`,
    "gu",
  ),
  new RegExp(
    `(?<![A-Za-z])(?:(?:[Aa]ccount ?holder|[Cc]ardholder|[Pp]olicy ?holder|[Pp]assenger|[Rr]ecipient|[Pp]atient|[Cc]ustomer|[Cc]lient|[Tt]enant|[Ss]ender|[Mm]y (?:${RELATIVES}))(?: is|,)?|[Ss]peak(?:ing)? (?:to|with)|[Tt]alk(?:ing)? (?:to|with)|[Tt]ransfer me to|[Ss]igned (?:for )?by|[Bb]illed to|[Aa]ddressed to|(?:[Pp]arcel|[Pp]ackage|[Oo]rder|[Bb]ooking|[Rr]eservation) is (?:for|under)|[Bb]ooked (?:for|under)|[Oo]n behalf of) (${SOMEBODY})`,
    "gu",
  ),
  new RegExp(
    `(?:[Rr]egards|[Tt]hanks|[Tt]hank you|[Cc]heers|[Ss]incerely|[Yy]ours|[Bb]est|[Ww]ishes),? ?\\n? ?(${SOMEBODY})(?=\\.?\\s*$)`,
    "gmu",
  ),
  new RegExp(`(?<![A-Za-z])(${SOMEBODY})(?= (?:here|speaking)(?: ?[,.!]|\\s*$))`, "gu"),
];

const ENGLISH_SIGN = /[A-Z][a-z]|name/;

/** What any text has in which {@link findNames} finds something. */
export const NAME_SIGNS = new RegExp(
  [...CHINESE.map(([needs]) => needs), ENGLISH_SIGN].map(({ source }) => source).join("|"),
);

/** Finds names of people where they are introduced, addressed or bear a title. @param text as `foldText` gives it */
export function findNames(text: string): PersonalDatum[] {
  const found: PersonalDatum[] = [];
  const add = (name: string, start: number): void => {
    found.push({ kind: "name", start, end: start + name.length, value: name.toLowerCase() });
  };
  for (const [needs, pattern] of CHINESE) {
    if (!needs.test(text)) continue;
    for (const { 0: whole, 1: name, index } of text.matchAll(pattern)) {
      if (NO_NAMES.test(name)) continue;
      let end = index + whole.lastIndexOf(name) + name.length;
      add(name, end - name.length);
      for (;;) {
        const other = AND_ANOTHER.exec(text.slice(end, end + MOST_CHARACTERS))?.[1];
        if (other === undefined || NO_NAMES.test(other)) break;
        add(other, end + 1);
        end += 1 + other.length;
      }
    }
  }
  if (!ENGLISH_SIGN.test(text)) return found;
  for (const pattern of ENGLISH) {
    for (const { 0: whole, 1: name, index } of text.matchAll(pattern)) {
      if (!NO_NAME.test(name) && !BRANDS.test(name)) add(name, index + whole.lastIndexOf(name));
    }
  }
  return found;
}
